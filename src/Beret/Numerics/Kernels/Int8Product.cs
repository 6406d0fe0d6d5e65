using Beret.Numerics.Assembled;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Bytes by the processor's dot product instruction: a unit holds four k. The instruction takes A unsigned, so 128 is added to it, and 128 times the sum of B's
/// column comes off the sums again. Sums of integers are exact: any order, any instruction gives the same.
/// </summary>
internal unsafe readonly struct Int8Product : IProduct
{
    private const int Offset = 128;

    public static int Block => 1536;

    public static bool IsScaled => true;

    public static int Units(int k) => (k + 3) / 4;

    public static void PackRows(in Lines lines, float* packed) => PackLines(lines, Offset, packed);

    public static void PackColumns(in Lines lines, float* packed) => PackLines(lines, 0, packed);

    public static void Tile(int height, float* a, float* b, float* c, nint cStride, int units, bool accumulate)
    {
        var arguments = new DotTileArguments { A = a, B = b, C = c, CStride = cStride * sizeof(int), Units = units, Accumulate = accumulate ? 1 : 0 };
        DotProducts.RunInt8(height, &arguments);
    }

    public static void Rescale(float* c, nint stride, int rows, int columns, float* rowScales, float* columnScales, int* columnSums) =>
        Quantization.Rescale(c, stride, rows, columns, rowScales, columnScales, columnSums, Offset);

    private static void PackLines(in Lines lines, int offset, float* packed)
    {
        var units = Units(lines.K);
        for (var i = 0; i < lines.Count; i++)
        {
            var sum = Quantization.ToBytes(lines.Source + i * lines.Stride, lines.K, lines.Scales[i], offset, (byte*)(lines.Room + (nint)i * units));
            if (lines.Sums is not null)
            {
                lines.Sums[i] += sum;
            }
        }

        Pack.Transposed(lines.Room, units, lines.Count, lines.Width, units, packed);
    }
}

/// <summary>
/// Bytes with float instructions: the quantized numbers are floats, the sums of a block are integers that a float holds exactly (384 · 127² &lt; 2²⁴), and blocks are
/// added as integers.
/// </summary>
internal unsafe readonly struct IntegerProduct<V, S> : IProduct
    where V : struct
    where S : ISimd<V>
{
    public static int Block => 384;

    public static bool IsScaled => true;

    public static int Units(int k) => k;

    public static void PackRows(in Lines lines, float* packed)
    {
        for (var i = 0; i < lines.Count; i++)
        {
            Quantization.ToFloats<V, S>(lines.Source + i * lines.Stride, lines.K, lines.Scales[i], lines.Room + (nint)i * lines.K);
        }

        Pack.Transposed(lines.Room, lines.K, lines.Count, lines.Width, lines.K, packed);
    }

    public static void PackColumns(in Lines lines, float* packed) => PackRows(lines, packed);

    public static void Tile(int height, float* a, float* b, float* c, nint cStride, int units, bool accumulate)
    {
        var width = Kernels.Tile.Width<V, S>();
        var sums = stackalloc float[Kernels.Tile.Height<V, S>() * width];
        Kernels.Tile.Packed<V, S>(height, a, b, width, sums, width, units, accumulate: false);
        for (var r = 0; r < height; r++, c += cStride)
        {
            for (var j = 0; j < width; j++)
            {
                ((int*)c)[j] = (int)sums[r * width + j] + (accumulate ? ((int*)c)[j] : 0);
            }
        }
    }

    public static void Rescale(float* c, nint stride, int rows, int columns, float* rowScales, float* columnScales, int* columnSums) =>
        Quantization.Rescale(c, stride, rows, columns, rowScales, columnScales, columnSums, offset: 0);
}
