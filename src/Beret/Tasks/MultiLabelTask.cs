using Beret.Data;
using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>Any number of several labels: a logit for each, whose sigmoid is the label's probability.</summary>
public sealed class MultiLabelTask : ClassificationTask
{
    /// <summary>Creates the task for at least one label.</summary>
    public MultiLabelTask(IReadOnlyList<string> labels) : base(labels)
    {
    }

    /// <inheritdoc/>
    public override string Name => TaskNames.MultiLabel;

    /// <inheritdoc/>
    public override int Outputs => Labels.Count;

    /// <inheritdoc/>
    public override LabelKind Kind => LabelKind.Set;

    internal override Loss Loss => Loss.BinaryCrossEntropy;

    internal override string Headline => MultiLabelEvaluation.HeadlineKey;

    internal override int TargetSize => Labels.Count;

    /// <inheritdoc/>
    public override void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        for (var k = 0; k < logits.Length; k++)
        {
            probabilities[k] = BinaryTask.Sigmoid(logits[k]);
        }
    }

    /// <summary>The most probable label; the first of equals.</summary>
    public override int Decide(ReadOnlySpan<float> logits) => MultiClassMetrics.IndexOfLargest(logits);

    /// <summary>The labels whose probability is above ½; maybe none.</summary>
    public override IReadOnlyList<int> DecideAll(ReadOnlySpan<float> logits)
    {
        var decided = new List<int>();
        for (var k = 0; k < logits.Length; k++)
        {
            if (logits[k] > 0)
            {
                decided.Add(k);
            }
        }

        return decided;
    }

    internal override bool AgreeOn(ReadOnlySpan<float> logits, ReadOnlySpan<float> others)
    {
        for (var k = 0; k < logits.Length; k++)
        {
            if (logits[k] > 0 != others[k] > 0)
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override EvaluationResult Evaluate(IReadOnlyList<Example> texts, ReadOnlySpan<float> logits)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var truth = new bool[checked(texts.Count * Labels.Count)];
        for (var i = 0; i < texts.Count; i++)
        {
            foreach (var label in texts[i].Labels)
            {
                truth[i * Labels.Count + label] = true;
            }
        }

        return MultiLabelMetrics.Evaluate(truth, logits, Labels);
    }

    internal override void WriteTarget(Example text, Span<float> target)
    {
        target.Clear();
        foreach (var label in text.Labels)
        {
            target[label] = 1;
        }
    }

    /// <summary>The mean entropy of the labels, each by itself.</summary>
    internal override double ChanceLoss(LabelledTexts texts) => texts.Counts.Average(count =>
    {
        var share = (double)count / texts.Examples.Count;
        return count == 0 || count == texts.Examples.Count ? 0 : -share * Math.Log(share) - (1 - share) * Math.Log(1 - share);
    });
}
