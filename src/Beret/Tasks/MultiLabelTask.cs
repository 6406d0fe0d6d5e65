using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>Any number of several labels: a logit for each, whose sigmoid is the label's probability. What folders of other programs hold is predicted with, no more.</summary>
internal sealed class MultiLabelTask(IReadOnlyList<string> labels) : ClassificationTask(labels)
{
    public override string Name => TaskNames.MultiLabel;

    public override int Outputs => Labels.Count;

    internal override Loss Loss => Loss.BinaryCrossEntropy;

    internal override bool IsPredictedOnly => true;

    public override void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        for (var k = 0; k < logits.Length; k++)
        {
            probabilities[k] = BinaryTask.Sigmoid(logits[k]);
        }
    }

    /// <summary>The most probable label; the first of equals.</summary>
    public override int Decide(ReadOnlySpan<float> logits) => MultiClassMetrics.IndexOfLargest(logits);

    public override EvaluationResult Evaluate(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits) =>
        throw new NotSupportedException("a text of a multi-label task has several labels, not one");

    internal override void WriteTargets(ReadOnlySpan<int> labels, Span<float> targets) =>
        throw new NotSupportedException("a text of a multi-label task has several labels, not one");
}
