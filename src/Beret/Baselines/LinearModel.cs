using Beret.Data;
using Beret.Numerics;
using Beret.Tasks;

namespace Beret.Baselines;

/// <summary>
/// Logits that are linear in a sparse vector, trained by the task's own loss: logistic regression for classes and sets of labels, ridge regression for numbers. What is minimised is
/// the sum of the losses (of a number half its squared error) and half the squared weights over <see cref="Inverse"/>; the biases are free.
/// </summary>
internal sealed class LinearModel
{
    /// <summary>What scikit-learn calls C.</summary>
    public const double Inverse = 10;

    private const int Iterations = 100;
    private const double Tolerance = 1e-5;

    private readonly int outputs;
    private readonly int features;

    /// <param name="weights">K rows of F weights, then K biases.</param>
    /// <param name="outputs">K.</param>
    public LinearModel(double[] weights, int outputs)
    {
        (Weights, this.outputs) = (weights, outputs);
        features = weights.Length / outputs - 1;
    }

    public double[] Weights { get; }

    /// <summary>Trains a model.</summary>
    /// <param name="rows">The texts' vectors.</param>
    /// <param name="features">F.</param>
    /// <param name="texts">The texts, for their labels.</param>
    /// <param name="task">The task.</param>
    /// <param name="cancellation">Stops it.</param>
    public static LinearModel Train(SparseRows rows, int features, IReadOnlyList<Example> texts, ClassificationTask task, CancellationToken cancellation)
    {
        var model = new LinearModel(new double[(features + 1) * task.Outputs], task.Outputs);
        var targets = new float[rows.Count * task.TargetSize];
        for (var row = 0; row < rows.Count; row++)
        {
            task.WriteTarget(texts[row], targets.AsSpan(row * task.TargetSize, task.TargetSize));
        }

        var logits = new double[task.Outputs];
        Lbfgs.Minimize(Value, model.Weights, Iterations, Tolerance, cancellation);
        return model;

        double Value(ReadOnlySpan<double> weights, Span<double> gradient)
        {
            var (sum, k) = (0.0, task.Outputs);
            gradient.Clear();
            for (var row = 0; row < rows.Count; row++)
            {
                model.Logits(weights, rows, row, logits);
                sum += Loss(task.Loss, logits, targets.AsSpan(row * task.TargetSize, task.TargetSize));
                for (var output = 0; output < k; output++)
                {
                    rows.AddTo(row, logits[output], gradient.Slice(output * features, features));
                    gradient[k * features + output] += logits[output];
                }
            }

            for (var i = 0; i < k * features; i++)
            {
                sum += 0.5 / Inverse * weights[i] * weights[i];
                gradient[i] += weights[i] / Inverse;
            }

            return sum;
        }
    }

    /// <summary>The logits of a vector, [K].</summary>
    public void Logits(SparseRows rows, int row, Span<double> logits) => Logits(Weights, rows, row, logits);

    private void Logits(ReadOnlySpan<double> weights, SparseRows rows, int row, Span<double> logits)
    {
        for (var output = 0; output < outputs; output++)
        {
            logits[output] = rows.Dot(row, weights.Slice(output * features, features)) + weights[outputs * features + output];
        }
    }

    /// <summary>The loss of a text; its logits become the gradient.</summary>
    private static double Loss(Loss loss, Span<double> logits, ReadOnlySpan<float> targets)
    {
        var sum = 0.0;
        switch (loss)
        {
            case Numerics.Loss.CrossEntropy:
                var largest = logits[0];
                foreach (var logit in logits)
                {
                    largest = Math.Max(largest, logit);
                }

                foreach (var logit in logits)
                {
                    sum += Math.Exp(logit - largest);
                }

                var log = largest + Math.Log(sum);
                var value = log - logits[(int)targets[0]];
                for (var k = 0; k < logits.Length; k++)
                {
                    logits[k] = Math.Exp(logits[k] - log) - (k == (int)targets[0] ? 1 : 0);
                }

                return value;

            case Numerics.Loss.BinaryCrossEntropy:
                for (var k = 0; k < logits.Length; k++)
                {
                    // ln(1 + e^z) − y·z, which overflows for no z.
                    sum += Math.Max(logits[k], 0) + Math.Log(1 + Math.Exp(-Math.Abs(logits[k]))) - targets[k] * logits[k];
                    logits[k] = 1 / (1 + Math.Exp(-logits[k])) - targets[k];
                }

                return sum;

            default:
                for (var k = 0; k < logits.Length; k++)
                {
                    logits[k] -= targets[k];
                    sum += 0.5 * logits[k] * logits[k];
                }

                return sum;
        }
    }
}
