using System.Runtime.Intrinsics;
using Beret.Numerics;
using Beret.Numerics.Kernels;
using Beret.Numerics.Reference;
using Beret.Tests.Numerics.Cases;

namespace Beret.Tests.Numerics;

/// <summary>Rounding to bfloat16, quantization to bytes, and how far a product is from the exact one.</summary>
public unsafe class RoundingTests
{
    [Fact]
    public void Every_way_of_rounding_to_bfloat16_agrees()
    {
        var random = new Random(1);
        float[] special =
            [0f, -0f, 1f, float.Epsilon, -float.Epsilon, 1.17549435e-38f, 1.17549421e-38f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity];
        float[] values = [.. special, .. Enumerable.Range(0, 100_000).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)))];

        // Ties, to both sides.
        values = [.. values, .. Enumerable.Range(0, 1000).Select(_ => BitConverter.UInt32BitsToSingle((uint)random.Next(0x0080, 0x7F00) << 16 | 0x8000))];
        foreach (var value in values.Where(value => !float.IsNaN(value)))
        {
            var expected = BitConverter.SingleToUInt32Bits(ReferenceBackend.RoundToBFloat16(value));
            Assert.Equal(expected, BFloat16.Round(value));
            Assert.Equal(expected, BFloat16.Round(Vector128.Create(value).AsUInt32())[1]);
            if (float.IsNormal(value))
            {
                Assert.Equal(expected, BFloat16.RoundForDotProduct(Vector512.Create(value).AsUInt32())[7] & 0xFFFF_0000);
            }
        }
    }

    [Theory]
    [InlineData(0x7F800001u)]
    [InlineData(0xFFFFFFFFu)]
    [InlineData(0x7FC00000u)]
    public void No_number_stays_none(uint bits)
    {
        Assert.True(float.IsNaN(BFloat16.Rounded(BitConverter.UInt32BitsToSingle(bits))));
        Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle(BFloat16.Round(Vector128.Create(bits))[0])));
        Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle(BFloat16.RoundForDotProduct(Vector512.Create(bits))[0])));
    }

    [Theory]
    [MemberData(nameof(LowPrecisionTests.Cases), MemberType = typeof(LowPrecisionTests))]
    public void What_is_no_number_shows_in_every_result_it_belongs_to(string set, bool dotProducts, string type)
    {
        var arithmetic = Enum.Parse<ElementType>(type);
        using var backend = CpuBackend.Create(1, Enum.Parse<InstructionSet>(set), dotProducts);
        foreach (var bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            using var operands = new Operands(backend, 1);
            var input = operands.Input(5, 40, i => i == 2 * 40 + 17 ? bad : i % 7 - 3);
            var weight = operands.Input(33, 40, i => i == 9 * 40 + 3 ? bad : i % 5 - 2);
            var output = operands.Scratch(5, 33);
            backend.Linear(input, weight, Matrix.None, Matrix.None, Activation.None, Matrix.None, output, arithmetic);
            var values = operands.Read(output);
            for (var i = 0; i < values.Length; i++)
            {
                var (row, column) = (i / 33, i % 33);
                Assert.Equal(row != 2 && column != 9, float.IsFinite(values[i]));
            }
        }
    }

    [Theory]
    [MemberData(nameof(LowPrecisionTests.Cases), MemberType = typeof(LowPrecisionTests))]
    public void Rows_of_zeros_give_zeros(string set, bool dotProducts, string type)
    {
        // 127 has a scale of 1, so that nothing is rounded.
        const float Sum = 9 * 127 * 127;
        using var backend = CpuBackend.Create(1, Enum.Parse<InstructionSet>(set), dotProducts);
        using var operands = new Operands(backend, 1);
        var input = operands.Input(3, 9, i => i / 9 == 1 ? 0 : 127);
        var weight = operands.Input(4, 9, i => i / 9 == 2 ? 0 : 127);
        var output = operands.Scratch(3, 4);
        backend.Linear(input, weight, Matrix.None, Matrix.None, Activation.None, Matrix.None, output, Enum.Parse<ElementType>(type));
        Assert.Equal([Sum, Sum, 0, Sum, 0, 0, 0, 0, Sum, Sum, 0, Sum], operands.Read(output));
    }

    /// <summary>
    /// bf16 rounds each factor by at most 2⁻⁹ of it, so a product is off by at most about 2⁻⁸ of itself, and the fp32 sums by far less; int8 moves each factor by at
    /// most half a step, 1/254 of its row's largest.
    /// </summary>
    [Theory]
    [InlineData(nameof(ElementType.BFloat16))]
    [InlineData(nameof(ElementType.Int8))]
    public void A_product_is_as_close_to_the_exact_one_as_is_promised(string type)
    {
        var arithmetic = Enum.Parse<ElementType>(type);
        using var backend = CpuBackend.Create(2);
        using var operands = new Operands(backend, 4);
        const int Inputs = 800;
        var (input, weight, output) = (operands.Input(20, Inputs), operands.Input(40, Inputs), operands.Scratch(20, 40));
        backend.Linear(input, weight, Matrix.None, Matrix.None, Activation.None, Matrix.None, output, arithmetic);
        var (a, b, c) = (operands.Read(input), operands.Read(weight), operands.Read(output));
        for (var i = 0; i < 20; i++)
        {
            for (var j = 0; j < 40; j++)
            {
                var (x, y) = (a.AsSpan(i * Inputs, Inputs).ToArray(), b.AsSpan(j * Inputs, Inputs).ToArray());
                double exact = 0, bound = 0;
                var (stepX, stepY) = (x.Max(Math.Abs) / 254.0, y.Max(Math.Abs) / 254.0);
                for (var k = 0; k < Inputs; k++)
                {
                    exact += (double)x[k] * y[k];
                    bound += arithmetic == ElementType.BFloat16
                        ? Math.Abs((double)x[k] * y[k]) / 255
                        : Math.Abs(x[k]) * stepY + Math.Abs(y[k]) * stepX + stepX * stepY;
                }

                Assert.InRange(c[i * 40 + j] - exact, -1.001 * bound, 1.001 * bound);
                Assert.NotEqual((float)exact, c[i * 40 + j]);
            }
        }
    }
}
