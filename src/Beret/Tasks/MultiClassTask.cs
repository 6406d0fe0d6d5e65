using Beret.Data;
using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>One label of several: a logit for each, whose softmax gives the probabilities.</summary>
public sealed class MultiClassTask : ClassificationTask
{
    /// <summary>Creates the task.</summary>
    public MultiClassTask(IReadOnlyList<string> labels) : base(labels)
    {
    }

    /// <inheritdoc/>
    public override string Name => TaskNames.MultiClass;

    /// <inheritdoc/>
    public override int Outputs => Labels.Count;

    internal override Loss Loss => Loss.CrossEntropy;

    /// <inheritdoc/>
    public override void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        double highest = logits[0];
        foreach (var logit in logits)
        {
            highest = Math.Max(highest, logit);
        }

        var sum = 0.0;
        for (var k = 0; k < logits.Length; k++)
        {
            probabilities[k] = Math.Exp(logits[k] - highest);
            sum += probabilities[k];
        }

        for (var k = 0; k < logits.Length; k++)
        {
            probabilities[k] /= sum;
        }
    }

    /// <summary>The label of the largest logit; the first of equals.</summary>
    public override int Decide(ReadOnlySpan<float> logits) => MultiClassMetrics.IndexOfLargest(logits);

    /// <inheritdoc/>
    public override EvaluationResult Evaluate(IReadOnlyList<Example> texts, ReadOnlySpan<float> logits) =>
        MultiClassMetrics.Evaluate(Classes(texts), logits, Labels.Count, Labels);
}
