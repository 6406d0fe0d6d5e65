namespace Beret.Numerics.Kernels;

/// <summary>
/// A student's loss against its teacher and a label, one example at a time, in double precision as <see cref="Losses"/>:
/// α · T² · KL(p ‖ q) + (1 − α) · the label's loss, with p and q the probabilities that the teacher's and the student's logits over T stand for.
/// The derivative of T² · KL by a logit of the student is T · (q − p).
/// </summary>
internal static unsafe class DistillationLosses
{
    /// <summary>The loss of one example; gradient (where given) = share · d loss / d logits.</summary>
    public static double Example(Loss loss, float* logits, float* targets, float* teacher, int count, Distillation terms, double share, float* gradient)
    {
        var total = 0.0;
        if (targets[0] >= 0)
        {
            total = (1 - terms.Alpha) * Losses.Example(loss, logits, targets, count, terms.Focus, (1 - terms.Alpha) * share, gradient);
        }
        else if (gradient is not null)
        {
            new Span<float>(gradient, count).Clear();
        }

        var (weight, slope) = (terms.Alpha * terms.Temperature * terms.Temperature, terms.Alpha * terms.Temperature * share);
        return total + weight * (loss.IsOfClasses()
            ? Classes(logits, teacher, count, 1 / terms.Temperature, slope, gradient)
            : EachByItself(logits, teacher, count, 1 / terms.Temperature, slope / count, gradient));
    }

    /// <summary>KL(softmax(teacher · scale) ‖ softmax(logits · scale)); gradient (where given) += slope · (q − p).</summary>
    private static double Classes(float* logits, float* teacher, int count, double scale, double slope, float* gradient)
    {
        var (normP, normQ) = (LogSumExp(teacher, count, scale), LogSumExp(logits, count, scale));
        var divergence = 0.0;
        for (var k = 0; k < count; k++)
        {
            var (logP, logQ) = (teacher[k] * scale - normP, logits[k] * scale - normQ);
            var p = Math.Exp(logP);
            divergence += p * (logP - logQ);
            if (gradient is not null)
            {
                gradient[k] += (float)(slope * (Math.Exp(logQ) - p));
            }
        }

        return divergence;
    }

    /// <summary>The mean over the logits of KL(σ(teacher · scale) ‖ σ(logit · scale)), each a yes or no; gradient (where given) += slope · (q − p).</summary>
    private static double EachByItself(float* logits, float* teacher, int count, double scale, double slope, float* gradient)
    {
        var total = 0.0;
        for (var k = 0; k < count; k++)
        {
            var (a, b) = (teacher[k] * scale, logits[k] * scale);
            var p = Sigmoid(a);

            // log σ(x) = −softplus(−x): the logarithm of a probability that rounds to 0 is still there.
            total += p * (Softplus(-b) - Softplus(-a)) + Sigmoid(-a) * (Softplus(b) - Softplus(a));
            if (gradient is not null)
            {
                gradient[k] += (float)(slope * (Sigmoid(b) - p));
            }
        }

        return total / count;
    }

    private static double LogSumExp(float* values, int count, double scale)
    {
        double highest = values[0];
        for (var k = 1; k < count; k++)
        {
            highest = Math.Max(highest, values[k]);
        }

        var sum = 0.0;
        for (var k = 0; k < count; k++)
        {
            sum += Math.Exp((values[k] - highest) * scale);
        }

        return highest * scale + Math.Log(sum);
    }

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    private static double Sigmoid(double x)
    {
        var e = Math.Exp(-Math.Abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }
}
