using Beret.Numerics.Assembled;

namespace Beret.Numerics.Kernels;

/// <summary>
/// bfloat16 by the processor's dot product instruction: a unit holds two k, and of each pair the second product is added first. A product of two bfloat16 is exact
/// in a float, so every sum is the chain of single roundings that <see cref="RoundedProduct{V, S}"/> makes without the instruction, to the bit
/// (but for sums below the smallest normal number, which become zero here).
/// </summary>
internal unsafe readonly struct BFloat16Product : IProduct
{
    public static int Block => 768;

    public static bool IsScaled => false;

    public static int Units(int k) => (k + 1) / 2;

    public static void PackRows(in Lines lines, float* packed)
    {
        if (lines.Across)
        {
            for (var k = 0; k < lines.K; k += 2, packed += lines.Width)
            {
                var first = lines.Source + k * lines.Stride;
                BFloat16.Interleave(first, k + 1 < lines.K ? first + lines.Stride : null, lines.Count, (uint*)packed);
                new Span<float>(packed + lines.Count, lines.Width - lines.Count).Clear();
            }

            return;
        }

        var units = Units(lines.K);
        for (var i = 0; i < lines.Count; i++)
        {
            BFloat16.Narrow(lines.Source + i * lines.Stride, lines.K, (ushort*)(lines.Room + (nint)i * units));
        }

        Pack.Transposed(lines.Room, units, lines.Count, lines.Width, units, packed);
    }

    public static void PackColumns(in Lines lines, float* packed) => PackRows(lines, packed);

    public static void Tile(int height, float* a, float* b, float* c, nint cStride, int units, bool accumulate)
    {
        var arguments = new DotTileArguments { A = a, B = b, C = c, CStride = cStride * sizeof(float), Units = units, Accumulate = accumulate ? 1 : 0 };
        DotProducts.RunBFloat16(height, &arguments);
    }

    public static void Rescale(float* c, nint stride, int rows, int columns, float* rowScales, float* columnScales, int* columnSums)
    {
    }
}

/// <summary>bfloat16 with float instructions: numbers are rounded when they are packed, and neighbours in k change places.</summary>
internal unsafe readonly struct RoundedProduct<V, S> : IProduct
    where V : struct
    where S : ISimd<V>
{
    public static int Block => 384;

    public static bool IsScaled => false;

    public static int Units(int k) => (k + 1) & ~1;

    public static void PackRows(in Lines lines, float* packed)
    {
        var units = Units(lines.K);
        if (lines.Across)
        {
            for (var k = 0; k < units; k++, packed += lines.Width)
            {
                var count = (k ^ 1) < lines.K ? lines.Count : 0;
                BFloat16.Round(lines.Source + (k ^ 1) * lines.Stride, count, packed);
                new Span<float>(packed + count, lines.Width - count).Clear();
            }

            return;
        }

        for (var i = 0; i < lines.Count; i++)
        {
            BFloat16.RoundSwapped(lines.Source + i * lines.Stride, lines.K, lines.Room + (nint)i * units);
        }

        Pack.Transposed(lines.Room, units, lines.Count, lines.Width, units, packed);
    }

    public static void PackColumns(in Lines lines, float* packed) => PackRows(lines, packed);

    public static void Tile(int height, float* a, float* b, float* c, nint cStride, int units, bool accumulate) =>
        Kernels.Tile.Packed<V, S>(height, a, b, Kernels.Tile.Width<V, S>(), c, cStride, units, accumulate);

    public static void Rescale(float* c, nint stride, int rows, int columns, float* rowScales, float* columnScales, int* columnSums)
    {
    }
}
