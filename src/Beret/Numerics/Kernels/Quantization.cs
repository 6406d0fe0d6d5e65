using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Symmetric 8-bit quantization of a line: scale = max |x| / 127 with 16 significant bits, q = x / scale rounded to the nearest, ties to even. With so few bits a q · scale is exact in a
/// float, so what was quantized and restored is quantized to the same bytes and scale again. A line that holds something that is no number, or infinite, has a scale that
/// is none, so that it shows in every result.
/// </summary>
internal static unsafe class Quantization
{
    /// <summary>The largest magnitude of a quantized number.</summary>
    public const int Limit = 127;

    // The last of a float's 24 significant bits, which a scale does not have, and half of what they count.
    private const uint Rest = 0xFF;
    private const uint HalfOfRest = 0x80;

    // 1.5 · 2²³: a float of this size has no bits after the point, so that adding it rounds, and the lower bits of the sum are the integer.
    private const float Rounder = 12582912f;

    /// <summary>The scale of a line.</summary>
    public static float Scale<V, S>(float* line, int count)
        where V : struct
        where S : ISimd<V>
    {
        var largest = S.Zero;
        var poison = S.Zero;
        var i = 0;
        for (; i + S.Count <= count; i += S.Count)
        {
            var x = S.Load(line + i);
            largest = S.Max(largest, S.Abs(x));
            poison = S.MultiplyAdd(x, S.Zero, poison);
        }

        if (i < count)
        {
            var x = S.LoadPart(line + i, count - i);
            largest = S.Max(largest, S.Abs(x));
            poison = S.MultiplyAdd(x, S.Zero, poison);
        }

        var lanes = stackalloc float[S.Count];
        S.Store(lanes, largest);
        var most = 0f;
        for (var lane = 0; lane < S.Count; lane++)
        {
            most = Math.Max(most, lanes[lane]);
        }

        var scale = BitConverter.SingleToUInt32Bits(most / Limit) + HalfOfRest & ~Rest;
        return BitConverter.UInt32BitsToSingle(scale) + S.Sum(poison);
    }

    /// <summary>What an element is multiplied with before it is rounded.</summary>
    public static float Inverse(float scale) => scale > 0 && float.IsFinite(1 / scale) ? 1 / scale : 0;

    /// <summary>The quantized numbers as floats.</summary>
    public static void ToFloats<V, S>(float* line, int count, float scale, float* destination)
        where V : struct
        where S : ISimd<V>
    {
        var inverse = S.Broadcast(Inverse(scale));
        var rounder = S.Broadcast(Rounder);
        var i = 0;
        for (; i + S.Count <= count; i += S.Count)
        {
            S.Store(destination + i, S.Subtract(S.Add(S.Multiply(S.Load(line + i), inverse), rounder), rounder));
        }

        if (i < count)
        {
            S.StorePart(destination + i, S.Subtract(S.Add(S.Multiply(S.LoadPart(line + i, count - i), inverse), rounder), rounder), count - i);
        }
    }

    /// <summary>The quantized numbers as bytes, with <paramref name="offset"/> added, filled up to whole units with it. Needs AVX-512.</summary>
    /// <returns>The sum of the quantized numbers, without the offset.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int ToBytes(float* line, int count, float scale, int offset, byte* destination)
    {
        var inverse = Inverse(scale);
        var inverses = Vector512.Create(inverse);
        var rounder = Vector512.Create(Rounder);
        var zero = Vector512.Create(BitConverter.SingleToInt32Bits(Rounder));
        var offsets = Vector512.Create(offset);
        var sums = Vector512<int>.Zero;
        var i = 0;
        for (; i + 16 <= count; i += 16)
        {
            var q = (Vector512.Load(line + i) * inverses + rounder).AsInt32() - zero;
            sums += q;
            Avx512F.ConvertToVector128Byte(q + offsets).Store(destination + i);
        }

        var sum = Vector512.Sum(sums);
        for (; i < count; i++)
        {
            var q = BitConverter.SingleToInt32Bits(line[i] * inverse + Rounder) - BitConverter.SingleToInt32Bits(Rounder);
            sum += q;
            destination[i] = (byte)(q + offset);
        }

        for (; (i & 3) != 0; i++)
        {
            destination[i] = (byte)offset;
        }

        return sum;
    }

    /// <summary>c[r, j] = (c[r, j] as an integer − <paramref name="offset"/> · columnSums[j]) · (rowScales[r] · columnScales[j]).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rescale(float* c, nint stride, int rows, int columns, float* rowScales, float* columnScales, int* columnSums, int offset)
    {
        for (var r = 0; r < rows; r++, c += stride)
        {
            var scale = rowScales[r];
            var j = 0;
            if (Vector512.IsHardwareAccelerated)
            {
                for (; j + 16 <= columns; j += 16)
                {
                    var sum = Vector512.Load((int*)c + j) - Vector512.Load(columnSums + j) * offset;
                    (Vector512.ConvertToSingle(sum) * (Vector512.Create(scale) * Vector512.Load(columnScales + j))).Store(c + j);
                }
            }

            for (; j + 4 <= columns; j += 4)
            {
                var sum = Vector128.Load((int*)c + j) - Vector128.Load(columnSums + j) * offset;
                (Vector128.ConvertToSingle(sum) * (Vector128.Create(scale) * Vector128.Load(columnScales + j))).Store(c + j);
            }

            for (; j < columns; j++)
            {
                c[j] = (((int*)c)[j] - columnSums[j] * offset) * (scale * columnScales[j]);
            }
        }
    }
}
