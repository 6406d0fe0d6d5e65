namespace Beret.Text.Vocabularies;

/// <summary>
/// Different words as sequences of symbols, one after another in ordinal order, each with its count. What lies at a place of <see cref="Symbols"/> is named by the place.
/// </summary>
internal sealed class WordTable
{
    /// <summary>How a counted word of Unigram shows that a space was before it.</summary>
    public const char Space = ' ';

    private WordTable(Alphabet alphabet, bool marksStart, ushort[] symbols, int[] starts, long[] counts)
    {
        Alphabet = alphabet;
        MarksStart = marksStart;
        Symbols = symbols;
        Starts = starts;
        Counts = counts;
        for (var word = 0; word < counts.Length; word++)
        {
            LongestWord = Math.Max(LongestWord, starts[word + 1] - starts[word]);
        }
    }

    public Alphabet Alphabet { get; }

    /// <summary>Whether <see cref="Alphabet.Start"/> is a mark before every word, which is no character and goes with the one after it.</summary>
    public bool MarksStart { get; }

    /// <summary>The symbols of all words.</summary>
    public ushort[] Symbols { get; }

    /// <summary>Where each word starts; one more than there are words, so that the next entry is where it ends.</summary>
    public int[] Starts { get; }

    /// <summary>How often each word occurs.</summary>
    public long[] Counts { get; }

    /// <summary>The symbols of the longest word.</summary>
    public int LongestWord { get; }

    /// <summary>Whether a piece can begin at a place: not between the mark and the first character.</summary>
    public bool CanBegin(int place) => !MarksStart || place == 0 || Symbols[place - 1] != Alphabet.Start;

    /// <summary>The table of the words that the alphabet can spell.</summary>
    /// <param name="counts">Words and their counts.</param>
    /// <param name="alphabet">The characters that are known.</param>
    /// <param name="marksStart">See <see cref="MarksStart"/>; otherwise <see cref="Alphabet.Start"/> is a character, and stands where <see cref="Space"/> does.</param>
    public static WordTable Of(IReadOnlyDictionary<string, long> counts, Alphabet alphabet, bool marksStart)
    {
        var (symbols, starts, numbers) = (new List<ushort>(), new List<int> { 0 }, new List<long>());
        foreach (var (word, count) in counts.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (marksStart)
            {
                symbols.Add(Alphabet.Start);
            }

            var isKnown = true;
            foreach (var rune in word.EnumerateRunes())
            {
                var symbol = Alphabet.Start;
                isKnown &= rune.Value == Space || alphabet.TryGetSymbol(rune.Value, out symbol);
                symbols.Add(symbol);
            }

            if (isKnown)
            {
                starts.Add(symbols.Count);
                numbers.Add(count);
            }
            else
            {
                symbols.RemoveRange(starts[^1], symbols.Count - starts[^1]);
            }
        }

        return new WordTable(alphabet, marksStart, [.. symbols], [.. starts], [.. numbers]);
    }
}
