namespace Beret.Evaluation;

/// <summary>
/// The evaluation of a classifier with one logit for each of K classes, of which one is right. The class with the largest logit is predicted, the
/// first of equals.
/// </summary>
public sealed record MultiClassEvaluation : EvaluationResult
{
    private readonly ConfusionMatrix confusion;
    private readonly ClassMetrics[] classes;

    internal MultiClassEvaluation(ConfusionMatrix confusion, ClassMetrics[] classes)
    {
        this.confusion = confusion;
        this.classes = classes;
    }

    /// <inheritdoc/>
    public override string Task => "multi-class";

    /// <summary>The share of right predictions; Wilson interval.</summary>
    public required Estimate Accuracy { get; init; }

    /// <summary>
    /// The plain mean over the classes that occur in the truth or in the predictions. F1 has the delta-method interval of K. Takahashi, K. Yamamoto,
    /// A. Kuchiba and T. Koyama,
    /// "Confidence interval for micro-averaged F1 and macro-averaged F1 scores", Applied Intelligence 52, 2022.
    /// </summary>
    public required AverageMetrics Macro { get; init; }

    /// <summary>The mean weighted by each class's number of examples.</summary>
    public required AverageMetrics Weighted { get; init; }

    /// <summary>
    /// From the classes' pooled counts; where each example has one label and one prediction all three equal <see cref="Accuracy"/>.
    /// </summary>
    public required AverageMetrics Micro { get; init; }

    /// <summary>Matthews' correlation coefficient, 1 for all right; 0 where truth or prediction is all of one class.</summary>
    public required Estimate Matthews { get; init; }

    /// <inheritdoc/>
    public override ConfusionMatrix Confusion => confusion;

    /// <inheritdoc/>
    public override IReadOnlyList<ClassMetrics> Classes => classes;

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Metrics =>
    [
        new("loss", "loss", Loss, IsLowerBetter: true),
        new("accuracy", "accuracy", Accuracy),
        .. Macro.Figures("macro", "macro"),
        .. Weighted.Figures("weighted", "weighted"),
        .. Micro.Figures("micro", "micro"),
        new("matthews", "Matthews correlation", Matthews),
    ];
}
