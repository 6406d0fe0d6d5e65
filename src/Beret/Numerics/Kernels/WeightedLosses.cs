namespace Beret.Numerics.Kernels;

/// <summary>
/// Cross-entropies with a weight for every outcome and a focus γ, Σ tₖ (1 − pₖ)^γ (−ln pₖ) (Lin et al., "Focal Loss for Dense Object Detection", 2017, equations 4 and 5), one example at a time
/// in double precision as <see cref="Losses"/>. With gₖ = pₖ · d/dpₖ of outcome k's loss, the derivative by logit j is tⱼ gⱼ − pⱼ Σ tₖ gₖ.
/// </summary>
internal static unsafe class WeightedLosses
{
    /// <summary>The outcomes are the classes of one softmax; gradient (where given) = share · d loss / d logits.</summary>
    public static double Classes(float* logits, float* targets, int count, double focus, double share, float* gradient)
    {
        var top = 0;
        for (var k = 1; k < count; k++)
        {
            top = logits[k] > logits[top] ? k : top;
        }

        var others = 0.0;
        for (var k = 0; k < count; k++)
        {
            others += k == top ? 0 : Math.Exp((double)logits[k] - logits[top]);
        }

        var logOfSum = Math.Log(1 + others);
        var (total, pull) = (0.0, 0.0);
        for (var k = 0; k < count; k++)
        {
            var outcome = At(k);
            total += targets[k] * outcome.Loss(focus);
            pull += targets[k] * outcome.Slope(focus);
        }

        for (var k = 0; k < count && gradient is not null; k++)
        {
            var outcome = At(k);
            gradient[k] = (float)(share * (targets[k] * outcome.Slope(focus) - outcome.Probability * pull));
        }

        return total;

        // 1 − p of the likeliest is what the others have: a difference would lose its digits.
        Outcome At(int k)
        {
            var log = (double)logits[k] - logits[top] - logOfSum;
            return k == top ? new(1 / (1 + others), others / (1 + others), log) : new(Math.Exp(log), 1 - Math.Exp(log), log);
        }
    }

    /// <summary>Each logit is a yes or no by itself, as a softmax of two classes of which the other's logit is 0; the mean over the logits.</summary>
    public static double EachByItself(float* logits, float* targets, int count, double focus, double share, float* gradient)
    {
        var total = 0.0;
        for (var k = 0; k < count; k++)
        {
            double z = logits[k];
            var e = Math.Exp(-Math.Abs(z));
            var (likely, unlikely) = (1 / (1 + e), e / (1 + e));
            var log = -Math.Log(1 + e);
            var (yes, no) = z >= 0
                ? (new Outcome(likely, unlikely, log), new Outcome(unlikely, likely, log - z))
                : (new Outcome(unlikely, likely, log + z), new Outcome(likely, unlikely, log));
            var (ofNo, ofYes) = (targets[2 * k], targets[2 * k + 1]);
            total += ofNo * no.Loss(focus) + ofYes * yes.Loss(focus);
            if (gradient is not null)
            {
                gradient[k] = (float)(share * (ofYes * yes.Slope(focus) * no.Probability - ofNo * no.Slope(focus) * yes.Probability));
            }
        }

        return total / count;
    }

    /// <param name="Probability">p.</param>
    /// <param name="Rest">1 − p.</param>
    /// <param name="Log">ln p.</param>
    private readonly record struct Outcome(double Probability, double Rest, double Log)
    {
        /// <summary>(1 − p)^γ (−ln p).</summary>
        public double Loss(double focus) => -Math.Pow(Rest, focus) * Log;

        /// <summary>p · d/dp of it: (1 − p)^(γ−1) (γ p ln p − (1 − p)).</summary>
        public double Slope(double focus) => focus == 0 ? -1 : Rest == 0 ? 0 : Math.Pow(Rest, focus - 1) * (focus * Probability * Log - Rest);
    }
}
