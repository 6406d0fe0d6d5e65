namespace Beret.Evaluation;

/// <summary>
/// Loss and accuracy so far, as training goes on: batches are added, means are read at any time. Adding allocates nothing. Not thread-safe.
/// </summary>
public sealed class RunningMetrics
{
    private CompensatedSum loss;

    /// <summary>The number of examples added.</summary>
    public long Count { get; private set; }

    /// <summary>The number of examples predicted right.</summary>
    public long Correct { get; private set; }

    /// <summary>The mean loss per example, NaN before the first.</summary>
    public double Loss => loss.Value / Count;

    /// <summary>The share of right predictions, NaN before the first.</summary>
    public double Accuracy => (double)Correct / Count;

    /// <summary>Adds a batch whose loss is known.</summary>
    /// <param name="meanLoss">The batch's mean loss; NaN and infinity stay visible in <see cref="Loss"/>.</param>
    /// <param name="correct">How many of the batch's examples were predicted right.</param>
    /// <param name="count">The number of examples in the batch.</param>
    public void Add(double meanLoss, int correct, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(correct);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(correct, count);
        if (count > 0)
        {
            loss.Add(meanLoss * count);
            Correct += correct;
            Count += count;
        }
    }

    /// <summary>Adds a batch of a binary task: one logit each, right where logit &gt; 0 agrees with the label.</summary>
    /// <param name="labels">For each example 0 or 1.</param>
    /// <param name="logits">For each example its logit.</param>
    public void AddBinary(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, labels.Length);
        for (var i = 0; i < labels.Length; i++)
        {
            var positive = labels[i] == 1;
            Add(LossFunctions.BinaryCrossEntropy(logits[i], positive), logits[i] > 0 == positive ? 1 : 0, 1);
        }
    }

    /// <summary>Adds a batch of a multi-class task: right where the largest logit, the first of equals, is the label's.</summary>
    /// <param name="labels">For each of n examples the number of its class.</param>
    /// <param name="logits">[n, K] logits, row-major.</param>
    public void AddMultiClass(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits)
    {
        if (labels.IsEmpty)
        {
            return;
        }

        var classes = logits.Length / labels.Length;
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, classes * labels.Length);
        for (var i = 0; i < labels.Length; i++)
        {
            var row = logits.Slice(i * classes, classes);
            Add(LossFunctions.SoftmaxCrossEntropy(row, labels[i]), MultiClassMetrics.IndexOfLargest(row) == labels[i] ? 1 : 0, 1);
        }
    }

    /// <summary>Forgets everything, for the next epoch.</summary>
    public void Reset()
    {
        loss = default;
        Count = 0;
        Correct = 0;
    }
}
