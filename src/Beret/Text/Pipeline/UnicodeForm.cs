using System.Runtime.InteropServices;
using Beret.Text.Unicode;

namespace Beret.Text.Pipeline;

/// <summary>Unicode's normalisation forms as of version 9.0 (Unicode Standard Annex #15).</summary>
/// <param name="compatibility">Whether compatibility characters are decomposed (NFKD, NFKC).</param>
/// <param name="compose">Whether characters are put together again (NFC, NFKC).</param>
/// <remarks>
/// Each character carries how many characters of the source it replaces, as in the Rust crate of Hugging Face: 1 − change. A decomposition's first
/// character replaces the source's, the others are insertions (change 1); composing adds changes up.
/// </remarks>
internal sealed class UnicodeForm(bool compatibility, bool compose) : TextNormalizer
{
    private static readonly Lazy<Dictionary<(int First, int Second), int>> Compositions = new(ReadCompositions);

    private readonly ScalarMap decompositions = UnicodeTables.PipelineMap(compatibility ? "nfkd" : "nfd");
    private readonly ScalarMap classes = UnicodeTables.PipelineMap("class");

    // Below this all texts are in the form: no mark, nothing that decomposes (or that would not be put together again).
    private readonly char stable = compatibility ? '\u00A0' : compose ? '\u0300' : '\u00C0';

    public override void Apply(AlignedText text)
    {
        if (text.Units.IndexOfAnyExceptInRange('\0', (char)(stable - 1)) < 0)
        {
            return;
        }

        var characters = Decompose(text);
        if (compose)
        {
            characters = Compose(characters);
        }

        text.Begin();
        var at = 0;
        foreach (var character in characters)
        {
            if (character.Change > 0)
            {
                text.Insert(character.Scalar, at);
                continue;
            }

            text.Put(character.Scalar, at);
            for (var replaced = 1 - character.Change; replaced > 0 && at < text.Length; replaced--)
            {
                text.Scalar(at, out at);
            }
        }

        text.End();
    }

    private List<Character> Decompose(AlignedText text)
    {
        var characters = new List<Character>(text.Length);
        var marks = 0;
        for (var at = 0; at < text.Length;)
        {
            var scalar = text.Scalar(at, out at);
            if (scalar is >= 0xAC00 and <= 0xD7A3)
            {
                AddAll(Hangul.Decompose(scalar));
            }
            else if (scalar >= 0xA0 && decompositions.TryGet(scalar, out var parts))
            {
                AddAll(parts);
            }
            else
            {
                Add(scalar, 0);
            }
        }

        Order();
        return characters;

        void AddAll(IReadOnlyList<int> parts)
        {
            for (var i = 0; i < parts.Count; i++)
            {
                Add(parts[i], i == 0 ? 0 : 1);
            }
        }

        void Add(int scalar, int change)
        {
            var mark = scalar >= 0x300 && classes.TryGet(scalar, out var value) ? value[0] : 0;
            if (mark == 0)
            {
                Order();
            }

            characters.Add(new Character(scalar, change, mark));
            marks = mark == 0 ? 0 : marks + 1;
        }

        // Canonical ordering of the run of marks at the end; those of one class keep their order.
        void Order()
        {
            if (marks > 1)
            {
                var run = CollectionsMarshal.AsSpan(characters)[^marks..];
                var keys = new long[marks];
                for (var i = 0; i < marks; i++)
                {
                    keys[i] = ((long)run[i].Class << 32) | (uint)i;
                }

                keys.AsSpan().Sort(run);
            }

            marks = 0;
        }
    }

    private static List<Character> Compose(List<Character> characters)
    {
        var result = new List<Character>(characters.Count);

        // The place of the last starter, and the class of the mark that stands last after it and did not join it.
        var (starter, last) = (-1, -1);
        foreach (var character in characters)
        {
            // A mark joins the starter unless one of its class or a higher stands between; a starter joins only the one right before it.
            if (starter >= 0 && (last < 0 || last < character.Class)
                && TryCompose(result[starter].Scalar, character.Scalar) is { } composed)
            {
                result[starter] = new Character(composed, result[starter].Change + character.Change - 1, 0);
                continue;
            }

            result.Add(character);
            if (character.Class == 0)
            {
                (starter, last) = (result.Count - 1, -1);
            }
            else if (starter >= 0)
            {
                last = character.Class;
            }
        }

        return result;
    }

    private static int? TryCompose(int first, int second) =>
        Hangul.Compose(first, second) ?? (Compositions.Value.TryGetValue((first, second), out var composed) ? composed : null);

    /// <summary>The table lists for each first scalar the second and what the two become, again and again.</summary>
    private static Dictionary<(int First, int Second), int> ReadCompositions()
    {
        var table = UnicodeTables.PipelineMap("compose");
        var compositions = new Dictionary<(int, int), int>();
        foreach (var first in table.Scalars)
        {
            table.TryGet(first, out var pairs);
            for (var i = 0; i < pairs.Length; i += 2)
            {
                compositions.Add((first, pairs[i]), pairs[i + 1]);
            }
        }

        return compositions;
    }

    private readonly record struct Character(int Scalar, int Change, int Class);
}
