namespace Beret.Data;

/// <summary>Divides texts into parts of like size that tear no group apart, as cross-validation needs them where texts of one group tell of each other.</summary>
public static class GroupedFolds
{
    private const ulong Stream = 0x666F6C6473; // "folds"

    /// <summary>The fold of each text, from 0. Groups, the largest first, go to the fold that has the fewest texts by then; among groups of one size chance decides.</summary>
    /// <param name="texts">Texts with groups (<see cref="Example.Group"/>).</param>
    /// <param name="folds">How many folds, from 2 up to the number of groups.</param>
    /// <param name="seed">Decides which groups go where.</param>
    /// <exception cref="DataException">A text has no group, there are fewer groups than folds, or fewer folds than two.</exception>
    public static int[] Of(LabelledTexts texts, int folds, long seed)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var groups = TextGroups.InRandomOrder(texts, CounterRandom.FromSeed((ulong)seed, Stream), "the folds go");
        if (folds < 2 || folds > groups.Length)
        {
            throw new DataException(folds < 2
                ? $"There are {Shown.Count(folds, "fold")}; cross-validation needs at least two."
                : $"{texts.Origin}: {Shown.Count(groups.Length, "group")} cannot be divided into {folds} folds; use fewer of them.");
        }

        var fold = new int[texts.Examples.Count];
        var sizes = new int[folds];
        foreach (var group in groups.OrderByDescending(group => group.Length))
        {
            var smallest = Array.IndexOf(sizes, sizes.Min());
            sizes[smallest] += group.Length;
            foreach (var text in group)
            {
                fold[text] = smallest;
            }
        }

        return fold;
    }
}
