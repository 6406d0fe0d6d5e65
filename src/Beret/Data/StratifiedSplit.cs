namespace Beret.Data;

/// <summary>
/// A split in which every stratum has its share in both parts. The texts are put in an order in which the texts of a stratum stand side by side, shuffled, and of that order those
/// are taken at which fraction · place passes a whole number: of any run of neighbours, and so of each stratum and of all, the share is right to within one.
/// </summary>
internal static class StratifiedSplit
{
    private const int MostBins = 10;
    private const ulong Stream = 0x73706C6974; // "split"

    /// <summary>The numbers of the validation texts, in rising order.</summary>
    public static int[] Validation(LabelledTexts texts, double fraction, long seed)
    {
        var strata = Strata(texts, fraction);
        var random = CounterRandom.FromSeed((ulong)seed, Stream);
        var (chosen, place) = (new List<int>(), 0L);
        foreach (var stratum in strata)
        {
            random.Shuffle<int>(stratum);
            var before = chosen.Count;
            foreach (var text in stratum)
            {
                if (Math.Floor((place + 1) * fraction) > Math.Floor(place * fraction))
                {
                    chosen.Add(text);
                }

                place++;
            }

            // What is validated on was trained on: the last text of a label is not taken away.
            if (texts.Kind == LabelKind.Class && chosen.Count - before == stratum.Length)
            {
                chosen.RemoveAt(chosen.Count - 1);
            }
        }

        chosen.Sort();
        return [.. chosen];
    }

    /// <summary>The texts by what must be spread, each stratum in the order of the texts.</summary>
    private static IEnumerable<int[]> Strata(LabelledTexts texts, double fraction)
    {
        var examples = texts.Examples;
        var all = Enumerable.Range(0, examples.Count);
        return texts.Kind switch
        {
            LabelKind.Class => all.GroupBy(i => examples[i].Label).OrderBy(group => group.Key).Select(group => group.ToArray()),
            LabelKind.Set => Sets(texts),
            _ => Bins([.. all.OrderBy(i => examples[i].Value)], (int)Math.Clamp(examples.Count * Math.Min(fraction, 1 - fraction), 1, MostBins)),
        };
    }

    /// <summary>
    /// Sets of labels in an order by their rarest labels, so that all sets whose rarest label is the same one are neighbours: where many sets occur once, their rare labels are spread
    /// all the same.
    /// </summary>
    private static IEnumerable<int[]> Sets(LabelledTexts texts)
    {
        var examples = texts.Examples;
        int[] byRarity = [.. Enumerable.Range(0, texts.Labels.Count).OrderBy(label => texts.Counts[label])];
        var rank = new int[byRarity.Length];
        for (var i = 0; i < byRarity.Length; i++)
        {
            rank[byRarity[i]] = i;
        }

        return Enumerable.Range(0, examples.Count)
            .Select(i => (Text: i, Key: examples[i].Labels.Select(label => rank[label]).Order().ToArray()))
            .GroupBy(one => one.Key, (key, group) => (Key: key, Texts: group.Select(one => one.Text).ToArray()), LabelLists.Instance)
            .OrderBy(one => one.Key, LabelLists.Instance).Select(one => one.Texts);
    }

    private static IEnumerable<int[]> Bins(int[] sorted, int count) =>
        Enumerable.Range(0, count).Select(bin => sorted[(int)((long)bin * sorted.Length / count)..(int)((bin + 1L) * sorted.Length / count)]);
}
