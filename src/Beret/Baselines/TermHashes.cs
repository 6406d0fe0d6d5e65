using System.Globalization;
using System.Text;

namespace Beret.Baselines;

/// <summary>
/// The terms of a text, words and pairs of neighbouring words, as numbers of <see cref="Bits"/> bits. A word is two or more letters, digits and underscores in lower case, or one
/// ideograph, for between those there are no spaces. Two terms that share a number are one (K. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009): so
/// no text, however long or odd, takes more memory than another.
/// </summary>
internal static class TermHashes
{
    /// <summary>The bits of a term's number.</summary>
    public const int Bits = 24;

    // What lies beyond is not looked at: a text of that many words is a book.
    private const int MostWords = 20_000;

    private const ulong Seed = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>Adds the terms of a text, those of a second text as terms of their own.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="pair">The second of a pair, or null.</param>
    /// <param name="terms">Receives a number for each term as often as it occurs, in their order.</param>
    public static void Add(string text, string? pair, List<int> terms)
    {
        Add(text, 0, terms);
        if (pair is not null)
        {
            Add(pair, Prime, terms);
        }
    }

    private static void Add(string text, ulong side, List<int> terms)
    {
        var (before, words) = (0UL, 0);
        var (hash, length) = (Seed, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsIdeograph(rune))
            {
                End();
                (hash, length) = (Mix(Seed, rune), 2);
                End();
            }
            else if (Rune.IsLetterOrDigit(rune) || rune.Value == '_' || (length > 0 && Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark))
            {
                hash = Mix(hash, Rune.ToLowerInvariant(rune));
                length++;
            }
            else
            {
                End();
            }

            if (words == MostWords)
            {
                return;
            }
        }

        End();

        void End()
        {
            if (length > 1)
            {
                terms.Add(Number(hash + side));
                if (before != 0)
                {
                    terms.Add(Number((before * Prime) ^ (hash + side)));
                }

                before = hash;
                words++;
            }

            (hash, length) = (Seed, 0);
        }
    }

    /// <summary>One step of FNV-1a, by whole characters.</summary>
    private static ulong Mix(ulong hash, Rune rune) => (hash ^ (uint)rune.Value) * Prime;

    /// <summary>The top bits after a last mixing (SplitMix64's).</summary>
    private static int Number(ulong hash)
    {
        hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9;
        hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EB;
        return (int)((hash ^ (hash >> 31)) >> (64 - Bits));
    }

    /// <summary>Chinese characters, in Japanese too, and kana: what is written without spaces.</summary>
    private static bool IsIdeograph(Rune rune) => rune.Value is (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);
}
