using Beret.Data;
using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>Two labels and one logit, as in the tutorial: the sigmoid of the logit is the probability of the second label.</summary>
public sealed class BinaryTask : ClassificationTask
{
    /// <summary>Creates the task for a negative and a positive label.</summary>
    public BinaryTask(IReadOnlyList<string> labels) : base(labels)
    {
    }

    /// <inheritdoc/>
    public override string Name => TaskNames.Binary;

    /// <inheritdoc/>
    public override int Outputs => 1;

    internal override Loss Loss => Loss.BinaryCrossEntropy;

    /// <summary>The probability of the positive class, as the tutorial prints it.</summary>
    internal override double Score(ReadOnlySpan<float> logits, ReadOnlySpan<double> probabilities) => probabilities[1];

    /// <summary>1 / (1 + e^−z), without overflow.</summary>
    public static double Sigmoid(double z)
    {
        var e = Math.Exp(-Math.Abs(z));
        return z >= 0 ? 1 / (1 + e) : e / (1 + e);
    }

    /// <inheritdoc/>
    public override void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities)
    {
        // Each from its own exponential: 1 − p loses the small one's digits.
        probabilities[0] = Sigmoid(-logits[0]);
        probabilities[1] = Sigmoid(logits[0]);
    }

    /// <summary>The second label where its probability is above ½.</summary>
    public override int Decide(ReadOnlySpan<float> logits) => logits[0] > 0 ? 1 : 0;

    /// <inheritdoc/>
    public override EvaluationResult Evaluate(IReadOnlyList<Example> texts, ReadOnlySpan<float> logits) => BinaryMetrics.Evaluate(Classes(texts), logits, Labels);
}
