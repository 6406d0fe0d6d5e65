namespace Beret.Evaluation;

/// <summary>The evaluation of a model with one logit for each of K labels, each right or not by itself. A label is predicted where p &gt; 0.5, which is logit &gt; 0.</summary>
public sealed record MultiLabelEvaluation : EvaluationResult
{
    internal const string HeadlineKey = "f1_micro";

    private readonly ClassMetrics[] labels;

    internal MultiLabelEvaluation(ClassMetrics[] labels) => this.labels = labels;

    /// <inheritdoc/>
    public override string Task => "multi-label";

    /// <summary>The share of the texts with all labels right, no more and no fewer; Wilson interval.</summary>
    public required Estimate SubsetAccuracy { get; init; }

    /// <summary>The share of wrong decisions among all, one for each text and label; the normal interval of a mean over the texts.</summary>
    public required Estimate HammingLoss { get; init; }

    /// <summary>From the labels' pooled counts. F1 has the interval of a ratio whose parts are summed over the texts, whose labels depend on each other.</summary>
    public required AverageMetrics Micro { get; init; }

    /// <summary>The plain mean over all K labels; one that neither occurs nor is predicted counts 0, as in scikit-learn.</summary>
    public required AverageMetrics Macro { get; init; }

    /// <summary>The mean weighted by each label's number of texts.</summary>
    public required AverageMetrics Weighted { get; init; }

    /// <summary>The mean over the texts; a text with no label counts 0, as in scikit-learn. F1 has the normal interval of a mean.</summary>
    public required AverageMetrics Samples { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<ClassMetrics> Classes => labels;

    /// <inheritdoc/>
    public override Metric Headline => new(HeadlineKey, "F1, micro", Micro.F1);

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Metrics =>
    [
        new("loss", "loss", Loss, IsLowerBetter: true),
        new("accuracy", "accuracy (all labels of a text right)", SubsetAccuracy),
        new("hamming_loss", "hamming loss", HammingLoss, IsLowerBetter: true),
        .. Micro.Figures("micro", "micro"),
        .. Macro.Figures("macro", "macro"),
        .. Weighted.Figures("weighted", "weighted"),
        .. Samples.Figures("samples", "by text"),
    ];
}
