namespace Beret.Numerics.Reference;

/// <content>The losses of a batch and their gradients, both from the logits so that no probability is rounded to 0 or 1 on the way.</content>
internal sealed partial class ReferenceBackend
{
    public void Loss(Loss loss, Matrix logits, Matrix targets, Matrix losses, Matrix logitsGradient, double weight, double focus)
    {
        var (examples, width) = (logits.Rows, logits.Columns);
        Expect(targets, examples, loss.TargetColumns(width));
        Expect(losses, examples, 1);
        if (!logitsGradient.IsNone)
        {
            Expect(logitsGradient, examples, width);
        }

        var gradient = new double[width];
        for (var b = 0; b < examples; b++)
        {
            var x = Row(logits, b);
            var y = Row(targets, b);
            Row(losses, b)[0] = (float)Loss(loss, x, y, focus, gradient);

            for (var k = 0; k < width && !logitsGradient.IsNone; k++)
            {
                Row(logitsGradient, b)[k] = (float)(weight * gradient[k] / examples);
            }
        }
    }

    private static double Loss(Loss loss, ReadOnlySpan<float> x, ReadOnlySpan<float> y, double focus, Span<double> gradient) => loss switch
    {
        Numerics.Loss.BinaryCrossEntropy => BinaryCrossEntropy(x, y, gradient),
        Numerics.Loss.CrossEntropy => CrossEntropy(x, (int)y[0], gradient),
        Numerics.Loss.MeanSquaredError => MeanSquaredError(x, y, gradient),
        Numerics.Loss.WeightedCrossEntropy => WeightedCrossEntropy(x, y, focus, gradient),
        Numerics.Loss.WeightedBinaryCrossEntropy => WeightedBinaryCrossEntropy(x, y, focus, gradient),
        _ => throw new ArgumentOutOfRangeException(nameof(loss), loss, null),
    };

    // −y log σ(x) − (1 − y) log(1 − σ(x)) = max(x, 0) − x y + log(1 + exp(−|x|)); its derivative is σ(x) − y.
    private static double BinaryCrossEntropy(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<double> gradient)
    {
        double sum = 0;
        for (var k = 0; k < x.Length; k++)
        {
            sum += Math.Max(x[k], 0) - (double)x[k] * y[k] + LogOnePlus(Math.Exp(-Math.Abs((double)x[k])));
            gradient[k] = (1 / (1 + Math.Exp(-(double)x[k])) - y[k]) / x.Length;
        }

        return sum / x.Length;
    }

    // −log softmax(x)[class] = log Σ exp(x) − x[class]; its derivative is softmax(x) − onehot(class).
    private static double CrossEntropy(ReadOnlySpan<float> x, int target, Span<double> gradient)
    {
        for (var k = 0; k < x.Length; k++)
        {
            gradient[k] = x[k];
        }

        var logSumExp = LogSumExp(gradient);
        for (var k = 0; k < x.Length; k++)
        {
            gradient[k] = Math.Exp(gradient[k] - logSumExp) - (k == target ? 1 : 0);
        }

        return logSumExp - x[target];
    }

    // Σ t (1 − p)^γ (−log p) with p = softmax(x). By the chain rule d/dx_j = Σ_k f′(p_k) t_k p_k (δ_jk − p_j), with f(p) = −(1 − p)^γ log p and so
    // f′(p) = γ (1 − p)^(γ−1) log p − (1 − p)^γ / p.
    private static double WeightedCrossEntropy(ReadOnlySpan<float> x, ReadOnlySpan<float> t, double focus, Span<double> gradient)
    {
        var log = LogSoftmax(x, 1);
        gradient.Clear();
        double sum = 0;
        for (var k = 0; k < x.Length; k++)
        {
            var p = Math.Exp(log[k]);
            var rest = 0.0;
            for (var other = 0; other < x.Length; other++)
            {
                rest += other == k ? 0 : Math.Exp(log[other]);
            }

            sum -= t[k] * Math.Pow(rest, focus) * log[k];
            var slope = (focus > 0 && rest > 0 ? focus * Math.Pow(rest, focus - 1) * p * log[k] : 0) - Math.Pow(rest, focus);
            for (var j = 0; j < x.Length; j++)
            {
                gradient[j] += t[k] * slope * ((j == k ? 1 : 0) - Math.Exp(log[j]));
            }
        }

        return sum;
    }

    // A logit by itself is the softmax of two classes of which the first's logit is 0. The mean over the logits.
    private static double WeightedBinaryCrossEntropy(ReadOnlySpan<float> x, ReadOnlySpan<float> t, double focus, Span<double> gradient)
    {
        Span<double> ofPair = stackalloc double[2];
        double sum = 0;
        for (var k = 0; k < x.Length; k++)
        {
            sum += WeightedCrossEntropy([0, x[k]], t.Slice(2 * k, 2), focus, ofPair);
            gradient[k] = ofPair[1] / x.Length;
        }

        return sum / x.Length;
    }

    private static double MeanSquaredError(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Span<double> gradient)
    {
        double sum = 0;
        for (var k = 0; k < x.Length; k++)
        {
            var difference = (double)x[k] - y[k];
            sum += difference * difference;
            gradient[k] = 2 * difference / x.Length;
        }

        return sum / x.Length;
    }

    // log(1 + z) for 0 ≤ z ≤ 1 with the digits of a small z kept (Goldberg 1991, theorem 4).
    private static double LogOnePlus(double z)
    {
        var w = 1 + z;
        return w == 1 ? z : z * Math.Log(w) / (w - 1);
    }
}
