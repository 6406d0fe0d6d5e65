using System.Globalization;

namespace Beret.Data;

/// <summary>Divides texts into parts of equal size, each with its share of every label, as cross-validation needs them.</summary>
public static class StratifiedFolds
{
    /// <summary>
    /// The fold of each text, from 0. Folds differ by at most one text in size, and by at most one in the number of texts with each label (of sets of labels, with each set).
    /// Of numbers, each fold has one of every <paramref name="folds"/> neighbours in their order.
    /// </summary>
    /// <param name="texts">The texts.</param>
    /// <param name="folds">How many folds, from 2 up to the number of texts.</param>
    /// <param name="seed">Decides which of the texts with a label go where.</param>
    /// <exception cref="DataException">There are fewer texts than folds, or fewer folds than two.</exception>
    public static int[] Of(LabelledTexts texts, int folds, long seed)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var count = texts.Examples.Count;
        if (folds < 2 || folds > count)
        {
            throw new DataException(folds < 2
                ? $"There are {Shown.Count(folds, "fold")}; cross-validation needs at least two."
                : string.Create(CultureInfo.InvariantCulture, $"{texts.Origin}: {Shown.Count(count, "text")} cannot be divided into {folds} folds; use fewer of them."));
        }

        // Shuffled, then sorted by label: equal labels stay in shuffled order, and are dealt out one by one, each label going on where the one before it ended.
        var shuffled = new EpochOrder(count, (ulong)seed).ForEpoch(0);
        var sorted = texts.Kind switch
        {
            LabelKind.Class => shuffled.OrderBy(text => texts.Examples[text].Label),
            LabelKind.Set => shuffled.OrderBy(text => texts.Examples[text].Labels.ToArray(), LabelLists.Instance),
            _ => shuffled.OrderBy(text => texts.Examples[text].Value),
        };
        var fold = new int[count];
        var places = new int[folds];
        foreach (var (i, text) in sorted.Index())
        {
            if (i % folds == 0)
            {
                places = texts.Kind == LabelKind.Number ? new EpochOrder(folds, (ulong)seed).ForEpoch(i / folds + 1) : [.. Enumerable.Range(0, folds)];
            }

            fold[text] = places[i % folds];
        }

        return fold;
    }
}
