namespace Beret.Data;

/// <summary>The texts of a data set by what must not be torn apart.</summary>
internal static class TextGroups
{
    /// <summary>The numbers of each group's texts; the groups in random order.</summary>
    /// <param name="texts">Texts with groups (<see cref="Example.Group"/>).</param>
    /// <param name="random">Decides the order.</param>
    /// <param name="what">What goes by the groups, for a message: "a grouped split goes".</param>
    /// <exception cref="DataException">A text has no group.</exception>
    public static int[][] InRandomOrder(LabelledTexts texts, CounterRandom random, string what)
    {
        int[][] groups =
        [
            .. texts.Examples.Select((example, i) => (Text: i, Group: example.Group
                    ?? throw new DataException($"{texts.Origin}: {Shown.Path(example.Source)} has no group, by which {what}. Name the column of a table that has it (--group-column).")))
                .GroupBy(one => one.Group, one => one.Text, StringComparer.Ordinal).Select(group => group.ToArray()),
        ];
        random.Shuffle<int[]>(groups);
        return groups;
    }
}
