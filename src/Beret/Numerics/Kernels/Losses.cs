namespace Beret.Numerics.Kernels;

/// <summary>The losses, one example at a time, in double precision: a batch has a handful of logits, so there is nothing to gain from vectors.</summary>
internal static unsafe class Losses
{
    /// <summary>The loss of one example; gradient (where given) = share · d loss / d logits.</summary>
    public static double Example(Loss loss, float* logits, float* targets, int count, double focus, double share, float* gradient) => loss switch
    {
        Loss.WeightedCrossEntropy => WeightedLosses.Classes(logits, targets, count, focus, share, gradient),
        Loss.WeightedBinaryCrossEntropy => WeightedLosses.EachByItself(logits, targets, count, focus, share / count, gradient),
        Loss.CrossEntropy => CrossEntropy(logits, (int)targets[0], count, share, gradient),
        Loss.MeanSquaredError => SquaredError(logits, targets, count, share / count, gradient),
        _ => BinaryCrossEntropy(logits, targets, count, share / count, gradient),
    };

    /// <summary>max(z, 0) − z·y + log(1 + e^−|z|), which neither overflows nor cancels.</summary>
    private static double BinaryCrossEntropy(float* logits, float* targets, int count, double share, float* gradient)
    {
        var total = 0.0;
        for (var k = 0; k < count; k++)
        {
            double z = logits[k];
            double y = targets[k];
            var e = Math.Exp(-Math.Abs(z));
            total += Math.Max(z, 0) - z * y + Math.Log(1 + e);
            if (gradient is not null)
            {
                var probability = z >= 0 ? 1 / (1 + e) : e / (1 + e);
                gradient[k] = (float)(share * (probability - y));
            }
        }

        return total / count;
    }

    private static double CrossEntropy(float* logits, int label, int count, double share, float* gradient)
    {
        double highest = logits[0];
        for (var k = 1; k < count; k++)
        {
            highest = Math.Max(highest, logits[k]);
        }

        var sum = 0.0;
        for (var k = 0; k < count; k++)
        {
            sum += Math.Exp(logits[k] - highest);
        }

        if (gradient is not null)
        {
            for (var k = 0; k < count; k++)
            {
                gradient[k] = (float)(share * (Math.Exp(logits[k] - highest) / sum - (k == label ? 1 : 0)));
            }
        }

        return highest + Math.Log(sum) - logits[label];
    }

    private static double SquaredError(float* logits, float* targets, int count, double share, float* gradient)
    {
        var total = 0.0;
        for (var k = 0; k < count; k++)
        {
            var error = (double)logits[k] - targets[k];
            total += error * error;
            if (gradient is not null)
            {
                gradient[k] = (float)(2 * share * error);
            }
        }

        return total / count;
    }
}
