namespace Beret.Evaluation;

/// <summary>Precision, recall and F1 of one class against all others.</summary>
/// <param name="Label">The class's name.</param>
/// <param name="Support">How many examples are of the class.</param>
/// <param name="Predicted">How many examples were predicted to be.</param>
/// <param name="Precision">tp / (tp + fp), Wilson interval.</param>
/// <param name="Recall">tp / (tp + fn), Wilson interval.</param>
/// <param name="F1">2tp / (2tp + fp + fn); its interval is Wilson's for tp / (tp + fp + fn), carried over.</param>
public sealed record ClassMetrics(string Label, long Support, long Predicted, Estimate Precision, Estimate Recall, Estimate F1)
{
    /// <summary>
    /// Whether the class occurs at all, in the truth or in the predictions; averages leave out a class that does not, as scikit-learn does.
    /// </summary>
    public bool IsPresent => Support + Predicted > 0;

    internal static ClassMetrics From(ConfusionMatrix confusion, int label) =>
        From(confusion.Labels[label], confusion[label, label], confusion.Actual(label), confusion.Predicted(label));

    internal static ClassMetrics From(string label, long hits, long support, long predicted) => new(
        label,
        support,
        predicted,
        Estimate.Proportion(hits, predicted, "never predicted"),
        Estimate.Proportion(hits, support, "no example of this class"),
        support + predicted == 0
            ? new Estimate(0, null, "no example of this class, and never predicted")
            : new Estimate(2.0 * hits / (support + predicted), Interval.F1(hits, predicted - hits, support - hits)));
}

/// <summary>Precision, recall and F1 averaged over the classes.</summary>
/// <param name="Precision">The averaged precision.</param>
/// <param name="Recall">The averaged recall.</param>
/// <param name="F1">The averaged F1 (of the classes' F1, not of the averaged precision and recall).</param>
public sealed record AverageMetrics(Estimate Precision, Estimate Recall, Estimate F1)
{
    /// <summary>The mean over classes by their weights; 0 where all weights are.</summary>
    internal static AverageMetrics Of(IReadOnlyList<ClassMetrics> classes, Func<ClassMetrics, double> weightOf, Interval? f1Interval = null)
    {
        double weights = 0, precision = 0, recall = 0, f1 = 0;
        foreach (var row in classes)
        {
            var weight = weightOf(row);
            weights += weight;
            precision += weight * row.Precision.Value;
            recall += weight * row.Recall.Value;
            f1 += weight * row.F1.Value;
        }

        return weights == 0 ? new AverageMetrics(None, None, None)
            : new AverageMetrics(new Estimate(precision / weights), new Estimate(recall / weights), new Estimate(f1 / weights, f1Interval));
    }

    /// <summary>The three figures, as <c>precision_macro</c> and "precision, macro".</summary>
    internal IEnumerable<Metric> Figures(string key, string name) =>
        [new($"precision_{key}", $"precision, {name}", Precision), new($"recall_{key}", $"recall, {name}", Recall), new($"f1_{key}", $"F1, {name}", F1)];

    private static Estimate None => new(0, null, "no text has a label");
}
