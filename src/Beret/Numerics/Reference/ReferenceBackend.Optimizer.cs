namespace Beret.Numerics.Reference;

/// <content>AdamW (Loshchilov and Hutter 2019, algorithm 2) in the form that <see cref="IBackend.AdamW"/> gives, and the norm for clipping.</content>
internal sealed partial class ReferenceBackend
{
    public double SquaredNorm(Matrix matrix)
    {
        double sum = 0;
        for (var t = 0; t < matrix.Rows; t++)
        {
            sum += Dot(Row(matrix, t), Row(matrix, t));
        }

        return sum;
    }

    public void AdamW(Matrix value, Matrix gradient, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
        Expect(gradient, value.Rows, value.Columns);
        Expect(firstMoment, value.Rows, value.Columns);
        Expect(secondMoment, value.Rows, value.Columns);
        for (var r = 0; r < value.Rows; r++)
        {
            Update(Row(value, r), Row(gradient, r), Row(firstMoment, r), Row(secondMoment, r), step);
        }
    }

    public void AdamWRows(Matrix value, Matrix rows, Indices slotOfRow, Matrix firstMoment, Matrix secondMoment, AdamWStep step)
    {
        Expect(slotOfRow, value.Rows);
        Expect(firstMoment, value.Rows, value.Columns);
        Expect(secondMoment, value.Rows, value.Columns);
        var zero = new float[value.Columns];
        for (var r = 0; r < value.Rows; r++)
        {
            var slot = Values(slotOfRow)[r];
            Update(Row(value, r), slot < 0 ? zero : Row(rows, slot), Row(firstMoment, r), Row(secondMoment, r), step);
        }
    }

    private static void Update(Span<float> value, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second, AdamWStep step)
    {
        double beta1 = step.Beta1, beta2 = step.Beta2, rest1 = step.Rest1, rest2 = step.Rest2;
        for (var c = 0; c < value.Length; c++)
        {
            var g = (double)gradient[c] * step.GradientScale;
            var m = beta1 * first[c] + rest1 * g;
            var v = beta2 * second[c] + rest2 * g * g;
            var decayed = value[c] - (double)step.Decay * value[c];
            first[c] = (float)m;
            second[c] = (float)v;
            value[c] = (float)(decayed - step.StepSize * m / (Math.Sqrt(v) / step.SecondMomentCorrection + step.Epsilon));
        }
    }
}
