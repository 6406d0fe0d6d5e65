namespace Beret.Evaluation;

/// <summary>The losses of one example, from logits, in double precision and without overflow for any finite logit.</summary>
internal static class LossFunctions
{
    /// <summary>
    /// Binary cross entropy of one logit: −ln σ(x) for label 1, −ln(1 − σ(x)) for label 0, as Keras' BinaryCrossentropy(from_logits=True).
    /// </summary>
    public static double BinaryCrossEntropy(double logit, bool positive) => Softplus(positive ? -logit : logit);

    /// <summary>Softmax cross entropy of one row of logits: ln Σ exp(x_k) − x_label.</summary>
    public static double SoftmaxCrossEntropy(ReadOnlySpan<float> logits, int label)
    {
        double maximum = logits[0];
        foreach (var logit in logits)
        {
            maximum = Math.Max(maximum, logit);
        }

        // The largest term is exp(0) = 1: it is left out of the sum so that LogOnePlus keeps the digits of a small loss.
        double others = 0;
        var seen = false;
        foreach (double logit in logits)
        {
            if (!seen && logit == maximum)
            {
                seen = true;
                continue;
            }

            others += Math.Exp(logit - maximum);
        }

        return maximum - logits[label] + LogOnePlus(others);
    }

    /// <summary>ln(1 + eˣ).</summary>
    private static double Softplus(double x) => Math.Max(x, 0) + LogOnePlus(Math.Exp(-Math.Abs(x)));

    /// <summary>ln(1 + x) to full precision for small x (W. Kahan's form; double.LogP1 of .NET rounds 1 + x first).</summary>
    private static double LogOnePlus(double x)
    {
        var sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * (x / (sum - 1));
    }
}
