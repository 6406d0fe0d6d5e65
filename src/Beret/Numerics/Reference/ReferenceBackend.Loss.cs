namespace Beret.Numerics.Reference;

/// <content>The losses of a batch and their gradients, both from the logits so that no probability is rounded to 0 or 1 on the way.</content>
internal sealed partial class ReferenceBackend
{
    public void Loss(Loss loss, Matrix logits, Matrix targets, Matrix losses, Matrix logitsGradient, double weight)
    {
        var (examples, width) = (logits.Rows, logits.Columns);
        Expect(targets, examples, loss == Numerics.Loss.CrossEntropy ? 1 : width);
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
            Row(losses, b)[0] = (float)(loss switch
            {
                Numerics.Loss.BinaryCrossEntropy => BinaryCrossEntropy(x, y, gradient),
                Numerics.Loss.CrossEntropy => CrossEntropy(x, (int)y[0], gradient),
                Numerics.Loss.MeanSquaredError => MeanSquaredError(x, y, gradient),
                _ => throw new ArgumentOutOfRangeException(nameof(loss), loss, null),
            });

            for (var k = 0; k < width && !logitsGradient.IsNone; k++)
            {
                Row(logitsGradient, b)[k] = (float)(weight * gradient[k] / examples);
            }
        }
    }

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
