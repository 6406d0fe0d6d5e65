namespace Beret.Evaluation;

/// <summary>
/// The evaluation of a binary classifier with one logit; the positive class is the second label. An example is predicted positive where p &gt; 0.5,
/// which is logit &gt; 0.
/// </summary>
public sealed record BinaryEvaluation : EvaluationResult
{
    private readonly ConfusionMatrix confusion;

    internal BinaryEvaluation(ConfusionMatrix confusion) => this.confusion = confusion;

    /// <inheritdoc/>
    public override string Task => "binary";

    /// <summary>The share of right predictions at p &gt; 0.5; Wilson interval.</summary>
    public required Estimate Accuracy { get; init; }

    /// <summary>
    /// The share of right predictions where an example counts as positive only above a <em>logit</em> of 0.5 (p &gt; 0.622). The tutorial's notebook
    /// reports this figure, for Keras'
    /// BinaryAccuracy compares its threshold of 0.5 with whatever the model gives, and the tutorial's model gives logits.
    /// </summary>
    public required Estimate AccuracyAtLogitHalf { get; init; }

    /// <summary>tp / (tp + fp) of the positive class; Wilson interval.</summary>
    public required Estimate Precision { get; init; }

    /// <summary>tp / (tp + fn) of the positive class, also called sensitivity; Wilson interval.</summary>
    public required Estimate Recall { get; init; }

    /// <summary>tn / (tn + fp): the recall of the negative class; Wilson interval.</summary>
    public required Estimate Specificity { get; init; }

    /// <summary>2tp / (2tp + fp + fn) of the positive class; its interval is Wilson's for tp / (tp + fp + fn), carried over.</summary>
    public required Estimate F1 { get; init; }

    /// <summary>The area under the ROC curve, ties counting half; DeLong's interval. NaN where only one class occurs.</summary>
    public required Estimate RocAuc { get; init; }

    /// <summary>Matthews' correlation coefficient, from −1 to 1; 0 where truth or prediction is all of one class.</summary>
    public required Estimate Matthews { get; init; }

    /// <inheritdoc/>
    public override ConfusionMatrix Confusion => confusion;

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Metrics =>
    [
        new("loss", "loss", Loss, IsLowerBetter: true),
        new("accuracy", "accuracy (p > 0.5)", Accuracy),
        new("accuracy_logit_half", "accuracy (logit > 0.5, as the notebook)", AccuracyAtLogitHalf),
        new("precision", "precision", Precision),
        new("recall", "recall", Recall),
        new("specificity", "specificity", Specificity),
        new("f1", "F1", F1),
        new("roc_auc", "ROC-AUC", RocAuc),
        new("matthews", "Matthews correlation", Matthews),
    ];
}
