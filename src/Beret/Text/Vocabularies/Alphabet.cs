using System.Text;

namespace Beret.Text.Vocabularies;

/// <summary>
/// The characters that a vocabulary knows, each as a symbol: a number from 1 on in the order of the code points. Symbol 0 stands before each word of WordPiece, and for the space
/// of Unigram, so that pieces that begin a word and pieces that do not are different sequences.
/// </summary>
internal sealed class Alphabet
{
    /// <summary>The symbol of the start of a word, or the space.</summary>
    public const ushort Start = 0;

    private readonly int[] scalars;
    private readonly Dictionary<int, ushort> symbols;

    private Alphabet(int[] scalars)
    {
        this.scalars = scalars;
        symbols = scalars.Index().ToDictionary(pair => pair.Item, pair => (ushort)(pair.Index + 1));
    }

    /// <summary>The number of characters.</summary>
    public int Count => scalars.Length;

    /// <summary>The characters that occur often enough, at most so many.</summary>
    public static Alphabet Of(IReadOnlyDictionary<string, long> words, int minFrequency, int size)
    {
        var counts = new Dictionary<int, long>();
        foreach (var (word, count) in words)
        {
            foreach (var rune in word.EnumerateRunes())
            {
                if (rune.Value != WordTable.Space)
                {
                    counts[rune.Value] = counts.GetValueOrDefault(rune.Value) + count;
                }
            }
        }

        return new Alphabet([.. counts
            .Where(pair => pair.Value >= minFrequency)
            .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key)
            .Take(size)
            .Select(pair => pair.Key)
            .Order()]);
    }

    /// <summary>The symbol of a character, if it is known.</summary>
    public bool TryGetSymbol(int scalar, out ushort symbol) => symbols.TryGetValue(scalar, out symbol);

    /// <summary>The characters of symbols, with <paramref name="start"/> for <see cref="Start"/>.</summary>
    public string Text(ReadOnlySpan<ushort> piece, string start)
    {
        var text = new StringBuilder();
        foreach (var symbol in piece)
        {
            text.Append(symbol == Start ? start : char.ConvertFromUtf32(scalars[symbol - 1]));
        }

        return text.ToString();
    }
}
