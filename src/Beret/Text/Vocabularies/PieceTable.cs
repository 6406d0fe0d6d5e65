namespace Beret.Text.Vocabularies;

/// <summary>
/// The pieces that a vocabulary may get, and for each place in the words those that fit there. The first pieces are the single characters, which stay; so there is always a way to
/// spell a word.
/// </summary>
internal sealed class PieceTable
{
    private readonly int[] first;
    private readonly int[] fitting;
    private readonly int[] examples;
    private readonly byte[] lengths;

    private PieceTable(WordTable words, int[] examples, byte[] lengths, int characters, long[] counts, int[] first, int[] fitting)
    {
        Words = words;
        this.examples = examples;
        this.lengths = lengths;
        Characters = characters;
        Counts = counts;
        this.first = first;
        this.fitting = fitting;
    }

    public WordTable Words { get; }

    /// <summary>The number of pieces.</summary>
    public int Count => lengths.Length;

    /// <summary>The number of pieces that are single characters: the first ones.</summary>
    public int Characters { get; }

    /// <summary>How often each piece occurs in the words, overlapping or not.</summary>
    public long[] Counts { get; }

    /// <summary>The symbols of each piece.</summary>
    public ReadOnlySpan<byte> Lengths => lengths;

    /// <summary>The pieces that fit at a place, from the shortest to the longest.</summary>
    public ReadOnlySpan<int> At(int place) => fitting.AsSpan(first[place]..first[place + 1]);

    /// <summary>A place where the piece fits.</summary>
    public int Example(int piece) => examples[piece];

    public ReadOnlySpan<ushort> Symbols(int piece) => Words.Symbols.AsSpan(examples[piece], lengths[piece]);

    /// <summary>Forgets where the other pieces fit.</summary>
    public void Keep(bool[] isKept)
    {
        var (from, to) = (0, 0);
        for (var place = 0; place < first.Length - 1; place++)
        {
            var end = first[place + 1];
            first[place] = to;
            for (; from < end; from++)
            {
                if (isKept[fitting[from]])
                {
                    fitting[to++] = fitting[from];
                }
            }
        }

        first[^1] = to;
    }

    /// <summary>The single characters and the most promising substrings.</summary>
    /// <param name="words">The words.</param>
    /// <param name="longest">The most symbols of a piece.</param>
    /// <param name="minCount">How often a piece must occur.</param>
    /// <param name="most">The most substrings: those with the greatest count times symbols saved.</param>
    public static PieceTable Of(WordTable words, int longest, int minCount, int most)
    {
        var order = new SuffixOrder(words, longest);
        var examples = new List<int>();
        var lengths = new List<byte>();
        var counts = new List<long>();
        var characterAt = FindCharacters(words, examples, lengths, counts);
        var characters = examples.Count;
        var chosen = order.Frequent(minCount)
            .Where(piece => piece.Length > CharacterLength(words, order.Places[piece.From]))
            .OrderByDescending(piece => piece.Count * (piece.Length - 1)).ThenBy(piece => piece.From).ThenBy(piece => piece.Length)
            .Take(most)
            .OrderBy(piece => piece.Length).ThenBy(piece => piece.From)
            .ToList();
        var first = new int[words.Symbols.Length + 1];
        foreach (var piece in chosen)
        {
            examples.Add(order.Places[piece.From]);
            lengths.Add((byte)piece.Length);
            counts.Add(piece.Count);
            foreach (var place in order.Places.AsSpan(piece.From..piece.To))
            {
                first[place + 1]++;
            }
        }

        for (var place = 0; place < characterAt.Length; place++)
        {
            first[place + 1] += first[place] + (characterAt[place] >= 0 ? 1 : 0);
        }

        // Taken in the order of their lengths, the pieces of each place come out in that order too.
        var fitting = new int[first[^1]];
        var next = first.AsSpan(..^1).ToArray();
        for (var place = 0; place < characterAt.Length; place++)
        {
            if (characterAt[place] >= 0)
            {
                fitting[next[place]++] = characterAt[place];
            }
        }

        foreach (var (index, piece) in chosen.Index())
        {
            foreach (var place in order.Places.AsSpan(piece.From..piece.To))
            {
                fitting[next[place]++] = characters + index;
            }
        }

        return new PieceTable(words, [.. examples], [.. lengths], characters, [.. counts], first, fitting);
    }

    /// <summary>Lists the single characters, those that begin a word first, each by symbol.</summary>
    /// <returns>The one that fits at each place, or −1 where no piece can begin.</returns>
    private static int[] FindCharacters(WordTable words, List<int> examples, List<byte> lengths, List<long> counts)
    {
        var keys = new int[words.Symbols.Length];
        var found = new SortedDictionary<int, (int Example, long Count)>();
        for (var word = 0; word < words.Counts.Length; word++)
        {
            for (var place = words.Starts[word]; place < words.Starts[word + 1]; place++)
            {
                keys[place] = !words.CanBegin(place) ? -1
                    : CharacterLength(words, place) == 2 ? words.Symbols[place + 1] : words.Symbols[place] + (1 << 16);
                if (keys[place] >= 0)
                {
                    var (example, count) = found.GetValueOrDefault(keys[place], (place, 0));
                    found[keys[place]] = (example, count + words.Counts[word]);
                }
            }
        }

        var ids = new Dictionary<int, int> { [-1] = -1 };
        foreach (var (key, (example, count)) in found)
        {
            ids[key] = examples.Count;
            examples.Add(example);
            lengths.Add((byte)CharacterLength(words, example));
            counts.Add(count);
        }

        return Array.ConvertAll(keys, key => ids[key]);
    }

    /// <summary>The symbols of the single character at a place: two where one is the mark.</summary>
    private static int CharacterLength(WordTable words, int place) => words.MarksStart && words.Symbols[place] == Alphabet.Start ? 2 : 1;
}
