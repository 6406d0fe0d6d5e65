using System.Runtime.Intrinsics;
using Beret.Numerics;
using Beret.Numerics.Kernels;

namespace Beret.Tests.Numerics;

/// <summary>How far the vectorised functions are from the true values, over floats of all sizes and with every instruction set.</summary>
public class VectorMathTests
{
    private static readonly double[] Logarithmic = [.. Enumerable.Range(0, 40_000).Select(i => Math.Pow(10, -6 + 8.5 * i / 40_000))];

    public static TheoryData<string> Sets => [.. InstructionSets.Supported.Select(set => set.ToString())];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Exp_is_within_two_units_in_the_last_place(string set) =>
        AssertRelative(set, nameof(VectorMath.Exp), Math.Exp, Linear(-87.3, 88), 2.4e-7);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Exp2_is_within_two_units_in_the_last_place(string set) =>
        AssertRelative(set, nameof(VectorMath.Exp2), x => Math.Pow(2, x), Linear(-126, 1), 2.4e-7);

    [Theory]
    [MemberData(nameof(Sets))]
    public void What_is_too_small_for_a_float_is_next_to_nothing(string set)
    {
        Assert.All(Values(set, nameof(VectorMath.Exp), [-88, -1000, float.MinValue, float.NegativeInfinity]), y => Assert.InRange(y, 0, 1.3e-38f));
        Assert.All(Values(set, nameof(VectorMath.Exp2), [-127, -1000, float.MinValue, float.NegativeInfinity]), y => Assert.InRange(y, 0, 1.3e-38f));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Exp_of_nothing_is_one(string set)
    {
        Assert.Equal([1f, 1f], Values(set, nameof(VectorMath.Exp), [0, -0f]));
        Assert.Equal([1f, 1f, 0.5f, 0.25f], Values(set, nameof(VectorMath.Exp2), [0, -0f, -1, -2]));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Erf_is_within_4e_7(string set) => AssertAbsolute(set, nameof(VectorMath.Erf), ErrorFunction, 4e-7);

    [Theory]
    [MemberData(nameof(Sets))]
    public void Tanh_is_within_3e_7(string set) => AssertAbsolute(set, nameof(VectorMath.Tanh), Math.Tanh, 3e-7);

    private static void AssertRelative(string set, string function, Func<double, double> expected, float[] inputs, double tolerance)
    {
        var outputs = Values(set, function, inputs);
        for (var i = 0; i < inputs.Length; i++)
        {
            var wanted = expected(inputs[i]);
            Assert.True(Math.Abs(outputs[i] - wanted) <= tolerance * wanted, $"{function}({inputs[i]:r}) is {outputs[i]:r}, not {wanted:r}");
        }
    }

    private static void AssertAbsolute(string set, string function, Func<double, double> expected, double tolerance)
    {
        float[] inputs = [0, .. Logarithmic.Select(x => (float)x), .. Logarithmic.Select(x => (float)-x)];
        var outputs = Values(set, function, inputs);
        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.True(Math.Abs(outputs[i] - expected(inputs[i])) <= tolerance, $"{function}({inputs[i]:r}) is {outputs[i]:r}, not {expected(inputs[i]):r}");
        }
    }

    private static float[] Linear(double from, double to) => [.. Enumerable.Range(0, 200_001).Select(i => (float)(from + (to - from) * i / 200_000))];

    private static float[] Values(string set, string function, float[] inputs) => Enum.Parse<InstructionSet>(set) switch
    {
        InstructionSet.Vector512 => Values<Vector512<float>, Simd512>(function, inputs),
        InstructionSet.Vector256 => Values<Vector256<float>, Simd256>(function, inputs),
        InstructionSet.Vector128 => Values<Vector128<float>, Simd128>(function, inputs),
        _ => Values<float, SimdScalar>(function, inputs),
    };

    private static unsafe float[] Values<V, S>(string function, float[] inputs)
        where V : struct
        where S : ISimd<V>
    {
        var outputs = new float[inputs.Length];
        fixed (float* input = inputs)
        fixed (float* output = outputs)
        {
            for (var i = 0; i < inputs.Length; i += S.Count)
            {
                var count = Math.Min(S.Count, inputs.Length - i);
                var x = S.LoadPart(input + i, count);
                S.StorePart(
                    output + i,
                    function switch
                    {
                        nameof(VectorMath.Exp) => VectorMath.Exp<V, S>(x),
                        nameof(VectorMath.Exp2) => VectorMath.Exp2<V, S>(x),
                        nameof(VectorMath.Erf) => VectorMath.Erf<V, S>(x),
                        _ => VectorMath.Tanh<V, S>(x),
                    },
                    count);
            }
        }

        return outputs;
    }

    /// <summary>By its power series near 0 and the continued fraction of its complement beyond (Abramowitz and Stegun, 7.1.5 and 7.1.14).</summary>
    private static double ErrorFunction(double x)
    {
        var a = Math.Abs(x);
        if (a < 2.5)
        {
            var (term, sum) = (a, a);
            for (var n = 1; n < 80; n++)
            {
                term *= -a * a / n;
                sum += term / (2 * n + 1);
            }

            return Math.Sign(x) * 2 / Math.Sqrt(Math.PI) * sum;
        }

        var fraction = 0.0;
        for (var n = 200; n > 0; n--)
        {
            fraction = n / 2.0 / (a + fraction);
        }

        return Math.Sign(x) * (1 - Math.Exp(-a * a) / Math.Sqrt(Math.PI) / (a + fraction));
    }
}
