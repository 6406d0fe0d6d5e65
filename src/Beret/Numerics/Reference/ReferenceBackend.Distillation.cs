namespace Beret.Numerics.Reference;

/// <content>A student's loss against its teacher: α T² KL(p ‖ q) + (1 − α) · the label's loss (Hinton, Vinyals and Dean, 2015, §2).</content>
internal sealed partial class ReferenceBackend
{
    public void DistillationLoss(Loss loss, Matrix logits, Matrix targets, Matrix teacher, Distillation terms, Matrix losses, Matrix logitsGradient, double weight)
    {
        var (examples, width) = (logits.Rows, logits.Columns);
        var isOfClasses = loss.IsOfClasses();
        Expect(targets, examples, loss.TargetColumns(width));
        Expect(teacher, examples, width);
        Expect(losses, examples, 1);
        var (t, alpha, focus) = terms;
        var (ofLabel, ofTeacher) = (new double[width], new double[width]);
        for (var b = 0; b < examples; b++)
        {
            var x = Row(logits, b);
            var y = Row(targets, b);
            var z = Row(teacher, b);
            var hard = 0.0;
            Array.Clear(ofLabel);
            if (y[0] >= 0)
            {
                hard = Loss(loss, x, y, focus, ofLabel);
            }

            var soft = isOfClasses ? ClassDivergence(x, z, t, ofTeacher) : BinaryDivergence(x, z, t, ofTeacher);
            Row(losses, b)[0] = (float)(alpha * t * t * soft + (1 - alpha) * hard);
            for (var k = 0; k < width && !logitsGradient.IsNone; k++)
            {
                Row(logitsGradient, b)[k] = (float)(weight * (alpha * t * t * ofTeacher[k] + (1 - alpha) * ofLabel[k]) / examples);
            }
        }
    }

    // Σ p log(p / q) with p = softmax(z / t), q = softmax(x / t); its derivative by x is (q − p) / t.
    private static double ClassDivergence(ReadOnlySpan<float> x, ReadOnlySpan<float> z, double t, Span<double> gradient)
    {
        var (logP, logQ) = (LogSoftmax(z, t), LogSoftmax(x, t));
        var sum = 0.0;
        for (var k = 0; k < x.Length; k++)
        {
            sum += Math.Exp(logP[k]) * (logP[k] - logQ[k]);
            gradient[k] = (Math.Exp(logQ[k]) - Math.Exp(logP[k])) / t;
        }

        return sum;
    }

    // A logit by itself is the softmax of two classes of which the other's logit is 0. The mean over the logits.
    private static double BinaryDivergence(ReadOnlySpan<float> x, ReadOnlySpan<float> z, double t, Span<double> gradient)
    {
        Span<double> ofPair = stackalloc double[2];
        var sum = 0.0;
        for (var k = 0; k < x.Length; k++)
        {
            sum += ClassDivergence([x[k], 0], [z[k], 0], t, ofPair);
            gradient[k] = ofPair[0] / x.Length;
        }

        return sum / x.Length;
    }

    private static double[] LogSoftmax(ReadOnlySpan<float> x, double t)
    {
        var values = new double[x.Length];
        for (var k = 0; k < x.Length; k++)
        {
            values[k] = x[k] / t;
        }

        var logSumExp = LogSumExp(values);
        for (var k = 0; k < x.Length; k++)
        {
            values[k] -= logSumExp;
        }

        return values;
    }
}
