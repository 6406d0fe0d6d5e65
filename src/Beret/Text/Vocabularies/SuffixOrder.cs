namespace Beret.Text.Vocabularies;

/// <summary>A sequence of symbols within words, by the suffixes that begin with it.</summary>
/// <param name="Length">Its symbols.</param>
/// <param name="From">The first of the suffixes, as a place in <see cref="SuffixOrder.Places"/>.</param>
/// <param name="To">The place after the last.</param>
/// <param name="Count">How often it occurs, words counted as often as they do.</param>
internal readonly record struct Substring(int Length, int From, int To, long Count);

/// <summary>
/// All suffixes of the words in the order of their symbols (a suffix array, Manber and Myers 1993), and from it the substrings that are not always followed by one and the same symbol.
/// </summary>
internal sealed class SuffixOrder
{
    private const int KeySymbols = 4;

    private readonly ushort[] symbols;
    private readonly int[] ends;
    private readonly long[] countsBefore;
    private readonly int longest;

    /// <param name="words">The words.</param>
    /// <param name="longest">Where suffixes are cut: the longest substring.</param>
    public SuffixOrder(WordTable words, int longest)
    {
        this.longest = longest;
        symbols = words.Symbols;
        ends = new int[symbols.Length];
        var countAt = new long[symbols.Length];
        for (var word = 0; word < words.Counts.Length; word++)
        {
            ends.AsSpan(words.Starts[word]..words.Starts[word + 1]).Fill(words.Starts[word + 1]);
            countAt.AsSpan(words.Starts[word]..words.Starts[word + 1]).Fill(words.Counts[word]);
        }

        Places = Sort(words);
        countsBefore = new long[Places.Length + 1];
        for (var i = 0; i < Places.Length; i++)
        {
            countsBefore[i + 1] = countsBefore[i] + countAt[Places[i]];
        }
    }

    /// <summary>Where the suffixes start, in their order; of equal ones the earlier place comes first.</summary>
    public int[] Places { get; }

    /// <summary>The substrings of two symbols and more that occur often enough, the longer of two with the same start first.</summary>
    public List<Substring> Frequent(int minCount)
    {
        var found = new List<Substring>();
        var open = new Stack<(int Length, int From)>();
        for (var i = 0; i <= Places.Length; i++)
        {
            // What is open is shared by the suffixes up to i; it ends where the next one shares less.
            var shared = i == 0 || i == Places.Length ? 0 : SharedLength(Places[i - 1], Places[i]);
            var from = i;
            while (open.TryPeek(out var top) && top.Length > shared)
            {
                open.Pop();
                from = top.From;
                var count = countsBefore[i] - countsBefore[from];
                if (top.Length > 1 && count >= minCount)
                {
                    found.Add(new Substring(top.Length, from, i, count));
                }
            }

            if (shared > 0 && (!open.TryPeek(out var below) || below.Length < shared))
            {
                open.Push((shared, from));
            }

            if (i < Places.Length && Length(Places[i]) > shared)
            {
                open.Push((Length(Places[i]), i));
            }
        }

        return found;
    }

    private int Length(int place) => Math.Min(longest, ends[place] - place);

    private ReadOnlySpan<ushort> Suffix(int place) => symbols.AsSpan(place, Length(place));

    private int SharedLength(int left, int right) => Suffix(left).CommonPrefixLength(Suffix(right));

    /// <summary>By the first symbols as one number, then those that agree in them by the rest.</summary>
    private int[] Sort(WordTable words)
    {
        int[] places = [.. Enumerable.Range(0, symbols.Length).Where(words.CanBegin)];
        var keys = new ulong[places.Length];
        for (var i = 0; i < places.Length; i++)
        {
            var suffix = Suffix(places[i]);
            for (var k = 0; k < KeySymbols; k++)
            {
                // One more than the symbol: 0 is the end.
                keys[i] = (keys[i] << 16) | (k < suffix.Length ? suffix[k] + 1UL : 0);
            }
        }

        Array.Sort(keys, places);
        for (int from = 0, to; from < places.Length; from = to)
        {
            to = from + 1;
            while (to < places.Length && keys[to] == keys[from])
            {
                to++;
            }

            if (to > from + 1)
            {
                places.AsSpan(from..to).Sort((left, right) =>
                    Suffix(left).SequenceCompareTo(Suffix(right)) is var order and not 0 ? order : left.CompareTo(right));
            }
        }

        return places;
    }
}
