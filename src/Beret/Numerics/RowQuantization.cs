using System.Runtime.Intrinsics;
using Beret.Numerics.Kernels;

namespace Beret.Numerics;

/// <summary>
/// Rows of a weight as signed bytes with a scale each, as an int8 folder keeps them. Int8 products quantize the restored rows to the same bytes and scales again, so a model
/// gives the same bits before it is written and after it is read.
/// </summary>
internal static unsafe class RowQuantization
{
    /// <summary>Quantizes a row.</summary>
    /// <returns>The scale; no number where the row holds something that is none or is infinite.</returns>
    public static float Quantize(ReadOnlySpan<float> row, Span<sbyte> quantized)
    {
        var rounded = new float[row.Length];
        float scale;
        fixed (float* source = row, destination = rounded)
        {
            scale = Quantization.Scale<Vector128<float>, Simd128>(source, row.Length);
            Quantization.ToFloats<Vector128<float>, Simd128>(source, row.Length, scale, destination);
        }

        for (var i = 0; i < rounded.Length; i++)
        {
            quantized[i] = (sbyte)rounded[i];
        }

        return scale;
    }

    /// <summary>What quantized numbers stand for.</summary>
    public static void Restore(ReadOnlySpan<sbyte> quantized, float scale, Span<float> row)
    {
        for (var i = 0; i < quantized.Length; i++)
        {
            row[i] = quantized[i] * scale;
        }
    }
}
