using Beret.Data;
using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>A number for each text: the one logit itself, trained by the squared error. Nothing is decided.</summary>
public sealed class RegressionTask : ClassificationTask
{
    /// <summary>Creates the task.</summary>
    /// <param name="labels">One name: what the number is called.</param>
    public RegressionTask(IReadOnlyList<string> labels) : base(labels)
    {
    }

    /// <inheritdoc/>
    public override string Name => TaskNames.Regression;

    /// <inheritdoc/>
    public override int Outputs => 1;

    /// <inheritdoc/>
    public override LabelKind Kind => LabelKind.Number;

    internal override Loss Loss => Loss.MeanSquaredError;

    internal override string Headline => RegressionEvaluation.HeadlineKey;

    /// <summary>Does nothing: a number has no probability.</summary>
    public override void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
    }

    /// <summary>Always 0: the number of the one name there is.</summary>
    public override int Decide(ReadOnlySpan<float> logits) => 0;

    internal override double Score(ReadOnlySpan<float> logits, ReadOnlySpan<double> probabilities) => logits[0];

    /// <inheritdoc/>
    public override EvaluationResult Evaluate(IReadOnlyList<Example> texts, ReadOnlySpan<float> logits)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return RegressionMetrics.Evaluate([.. texts.Select(text => text.Value)], logits);
    }

    internal override void WriteTarget(Example text, Span<float> target) => target[0] = (float)text.Value;

    /// <summary>The variance of the numbers.</summary>
    internal override double ChanceLoss(LabelledTexts texts)
    {
        var mean = texts.Examples.Average(text => text.Value);
        return texts.Examples.Average(text => (text.Value - mean) * (text.Value - mean));
    }
}
