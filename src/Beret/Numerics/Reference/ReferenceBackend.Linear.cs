namespace Beret.Numerics.Reference;

/// <content>Y = f(X Wᵀ + b) and its gradients dX = dS W, dW = dSᵀ X, db = Σₜ dS, where dS is the gradient of the sums before f.</content>
internal sealed partial class ReferenceBackend
{
    public void Linear(
        Matrix input, Matrix weight, Matrix packed, Matrix bias, Activation activation, Matrix derivative, Matrix output, ElementType arithmetic)
    {
        var (tokens, inputs, outputs) = (input.Rows, input.Columns, output.Columns);
        Expect(output, tokens, outputs);
        Expect(weight, outputs, inputs);
        if (!bias.IsNone)
        {
            Expect(bias, 1, outputs);
        }

        if (!derivative.IsNone)
        {
            Expect(derivative, tokens, outputs);
        }

        // The packed form is a copy; it is used where given, so that one which was not renewed after a change of the weight shows.
        var w = packed.IsNone ? weight : Unpacked(packed, weight);
        for (var t = 0; t < tokens; t++)
        {
            for (var n = 0; n < outputs; n++)
            {
                var sum = Sum(Row(input, t), Row(w, n), bias.IsNone ? 0 : Row(bias, 0)[n], arithmetic);
                var (value, slope) = Activate(activation, sum);
                Row(output, t)[n] = (float)value;
                if (!derivative.IsNone)
                {
                    Row(derivative, t)[n] = (float)slope;
                }
            }
        }
    }

    public long PackedLength(int rows, int columns, ElementType arithmetic) => (long)rows * columns;

    public void PackWeight(Matrix weight, Matrix packed, ElementType arithmetic) => Copy(weight, Unpacked(packed, weight));

    public void LinearInputGradient(Matrix outputGradient, Matrix weight, Matrix inputGradient, bool accumulate, ElementType arithmetic)
    {
        var (tokens, inputs, outputs) = (outputGradient.Rows, weight.Columns, weight.Rows);
        Expect(outputGradient, tokens, outputs);
        Expect(inputGradient, tokens, inputs);
        if (arithmetic != ElementType.Float32)
        {
            ProductOfRounded(tokens, inputs, outputs, (t, n) => Row(outputGradient, t)[n], (n, k) => Row(weight, n)[k], inputGradient, accumulate, arithmetic);
            return;
        }

        for (var t = 0; t < tokens; t++)
        {
            var sum = new double[inputs];
            for (var n = 0; n < outputs; n++)
            {
                AddScaled(sum, Row(outputGradient, t)[n], Row(weight, n));
            }

            Store(sum, Row(inputGradient, t), accumulate);
        }
    }

    public void LinearWeightGradient(Matrix outputGradient, Matrix input, Matrix weightGradient, Matrix biasGradient, ElementType arithmetic)
    {
        var (tokens, inputs, outputs) = (input.Rows, input.Columns, outputGradient.Columns);
        Expect(outputGradient, tokens, outputs);
        Expect(weightGradient, outputs, inputs);
        if (arithmetic != ElementType.Float32)
        {
            ProductOfRounded(outputs, inputs, tokens, (n, t) => Row(outputGradient, t)[n], (t, k) => Row(input, t)[k], weightGradient, accumulate: true, arithmetic);
        }

        for (var n = 0; n < outputs && arithmetic == ElementType.Float32; n++)
        {
            var sum = new double[inputs];
            for (var t = 0; t < tokens; t++)
            {
                AddScaled(sum, Row(outputGradient, t)[n], Row(input, t));
            }

            Store(sum, Row(weightGradient, n), accumulate: true);
        }

        if (!biasGradient.IsNone)
        {
            Expect(biasGradient, 1, outputs);
            var sum = new double[outputs];
            for (var t = 0; t < tokens; t++)
            {
                AddScaled(sum, 1, Row(outputGradient, t));
            }

            Store(sum, Row(biasGradient, 0), accumulate: true);
        }
    }

    private static Matrix Unpacked(Matrix packed, Matrix weight)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(packed.Length, weight.Length, nameof(packed));
        return new Matrix(packed.Handle, weight.Rows, weight.Columns);
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (var k = 0; k < a.Length; k++)
        {
            sum += (double)a[k] * b[k];
        }

        return sum;
    }

    private static void AddScaled(Span<double> sum, double factor, ReadOnlySpan<float> values)
    {
        for (var k = 0; k < sum.Length; k++)
        {
            sum[k] += factor * values[k];
        }
    }

    private static void Store(ReadOnlySpan<double> sum, Span<float> destination, bool accumulate)
    {
        for (var k = 0; k < destination.Length; k++)
        {
            destination[k] = (float)(accumulate ? destination[k] + sum[k] : sum[k]);
        }
    }
}
