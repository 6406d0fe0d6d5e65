namespace Beret.Data;

/// <summary>A split that tears no group apart: groups in random order go to validation as long as they fit into its share.</summary>
internal static class GroupedSplit
{
    private const ulong Stream = 0x67726F757073; // "groups"

    /// <summary>The numbers of the validation texts, in rising order.</summary>
    /// <exception cref="DataException">A text has no group, or there are less than two.</exception>
    public static int[] Validation(LabelledTexts texts, double fraction, long seed)
    {
        var groups = TextGroups.InRandomOrder(texts, CounterRandom.FromSeed((ulong)seed, Stream), "a grouped split goes");
        if (groups.Length < 2)
        {
            throw new DataException($"{texts.Origin}: there is one group only, which cannot be split (--group-column).");
        }

        var wanted = fraction * texts.Examples.Count;
        var chosen = new List<int>();
        var left = new List<int[]>();
        foreach (var group in groups)
        {
            if (chosen.Count + group.Length <= wanted)
            {
                chosen.AddRange(group);
            }
            else
            {
                left.Add(group);
            }
        }

        // One more where that comes nearer to the share, and in any case where there is none: then the smallest, of which one is left to train on.
        var smallest = left.MinBy(group => group.Length)!;
        if (left.Count > 1 && (chosen.Count == 0 || chosen.Count + smallest.Length - wanted < wanted - chosen.Count))
        {
            chosen.AddRange(smallest);
        }

        chosen.Sort();
        return [.. chosen];
    }
}
