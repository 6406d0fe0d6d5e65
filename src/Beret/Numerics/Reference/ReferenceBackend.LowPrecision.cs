namespace Beret.Numerics.Reference;

/// <content>
/// Products of rounded and of quantized numbers, in the order that is promised: bf16 sums are fp32, over pairs of k in which the second product is added first; int8
/// products are sums of integers, with a scale max |x| / 127, in 16 significant bits, for each row of the input and of the weight.
/// </content>
internal sealed partial class ReferenceBackend
{
    /// <summary>A number with the eight bits of bfloat16's significand, ties to even; 0 below its smallest normal number.</summary>
    internal static float RoundToBFloat16(float value)
    {
        if (value == 0 || !float.IsFinite(value))
        {
            return value;
        }

        if (Math.Abs(value) < Math.ScaleB(1, -126))
        {
            return value < 0 ? -0f : 0f;
        }

        var unit = Math.ScaleB(1, Math.ILogB(value) - 7);
        return (float)(Math.Round(value / unit, MidpointRounding.ToEven) * unit);
    }

    private static double Sum(ReadOnlySpan<float> input, ReadOnlySpan<float> weight, float bias, ElementType arithmetic)
    {
        switch (arithmetic)
        {
            case ElementType.BFloat16:
                var sum = 0f;
                for (var k = 0; k < input.Length; k++)
                {
                    var place = SecondFirst(k, input.Length);
                    sum = MathF.FusedMultiplyAdd(RoundToBFloat16(input[place]), RoundToBFloat16(weight[place]), sum);
                }

                return sum + bias;
            case ElementType.Int8:
                var (a, inputScale) = Quantize(input);
                var (b, weightScale) = Quantize(weight);
                var total = 0;
                for (var k = 0; k < a.Length; k++)
                {
                    total += a[k] * b[k];
                }

                return total * (inputScale * weightScale) + bias;
            default:
                return Dot(input, weight) + bias;
        }
    }

    /// <summary>c[i, j] (+)= Σₖ a(i, k) · b(k, j) in bf16.</summary>
    private static void ProductOfRounded(
        int rows, int columns, int inner, Func<int, int, float> a, Func<int, int, float> b, Matrix c, bool accumulate, ElementType arithmetic)
    {
        if (arithmetic != ElementType.BFloat16)
        {
            throw new ArgumentException("gradients are not computed in int8", nameof(arithmetic));
        }

        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                var sum = accumulate ? Row(c, i)[j] : 0;
                for (var k = 0; k < inner; k++)
                {
                    var place = SecondFirst(k, inner);
                    sum = MathF.FusedMultiplyAdd(RoundToBFloat16(a(i, place)), RoundToBFloat16(b(place, j)), sum);
                }

                Row(c, i)[j] = sum;
            }
        }
    }

    /// <summary>1, 0, 3, 2, …; the last of an odd count comes last.</summary>
    private static int SecondFirst(int k, int count) => (k ^ 1) < count ? k ^ 1 : k;

    private static (int[] Values, float Scale) Quantize(ReadOnlySpan<float> line)
    {
        var largest = 0f;
        foreach (var value in line)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        // 16 significant bits.
        var unit = largest == 0 ? 1 : Math.ScaleB(1, Math.ILogB(largest / 127) - 15);
        var scale = (float)(Math.Round(largest / 127 / unit, MidpointRounding.AwayFromZero) * unit);
        var values = new int[line.Length];
        for (var k = 0; k < values.Length && scale > 0; k++)
        {
            values[k] = (int)MathF.Round(line[k] * (1 / scale), MidpointRounding.ToEven);
        }

        return (values, scale);
    }
}
