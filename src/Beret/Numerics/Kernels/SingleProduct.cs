namespace Beret.Numerics.Kernels;

/// <summary>fp32: one fused multiply-add for each k.</summary>
internal unsafe readonly struct SingleProduct<V, S> : IProduct
    where V : struct
    where S : ISimd<V>
{
    public static int Block => 384;

    public static bool IsScaled => false;

    public static int Units(int k) => k;

    public static void PackRows(in Lines lines, float* packed)
    {
        if (lines.Across)
        {
            Pack.Direct(lines.Source, lines.Stride, lines.Count, lines.Width, lines.K, packed);
        }
        else
        {
            Pack.Transposed(lines.Source, lines.Stride, lines.Count, lines.Width, lines.K, packed);
        }
    }

    public static void PackColumns(in Lines lines, float* packed) => PackRows(lines, packed);

    public static void Tile(int height, float* a, float* b, float* c, nint cStride, int units, bool accumulate) =>
        Kernels.Tile.Packed<V, S>(height, a, b, Kernels.Tile.Width<V, S>(), c, cStride, units, accumulate);

    public static void Rescale(float* c, nint stride, int rows, int columns, float* rowScales, float* columnScales, int* columnSums)
    {
    }
}
