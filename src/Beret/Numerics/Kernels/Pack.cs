using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Copies blocks of a matrix into the order in which tiles read them: <c>packed[k · width + i]</c> for k ascending, where i counts the rows of a strip (A)
/// or the columns of a panel (B). What lies beyond the matrix is zero.
/// </summary>
internal static unsafe class Pack
{
    /// <summary>packed[k · width + i] = source[i · stride + k] for i &lt; count, 0 above: a block whose lines run along k.</summary>
    public static void Transposed(float* source, nint stride, int count, int width, int k, float* packed)
    {
        Transpose(source, stride, count, k, packed, width);
        for (var i = count; i < width; i++)
        {
            var to = packed + i;
            for (var j = 0; j < k; j++, to += width)
            {
                *to = 0;
            }
        }
    }

    /// <summary>destination[k · destinationStride + i] = source[i · stride + k] for i &lt; lines.</summary>
    public static void Transpose(float* source, nint stride, int lines, int k, float* destination, nint destinationStride)
    {
        var i = 0;
        for (; i + 4 <= lines; i += 4)
        {
            Transpose4(source + i * stride, stride, k, destination + i, destinationStride);
        }

        for (; i < lines; i++)
        {
            var line = source + i * stride;
            var to = destination + i;
            for (var j = 0; j < k; j++, to += destinationStride)
            {
                *to = line[j];
            }
        }
    }

    /// <summary>packed[k · width + i] = source[k · stride + i] for i &lt; count, 0 above: a block whose lines run across k.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Direct(float* source, nint stride, int count, int width, int k, float* packed)
    {
        if (count == width)
        {
            for (var j = 0; j < k; j++, source += stride, packed += width)
            {
                CopyLine(source, packed, width);
            }

            return;
        }

        for (var j = 0; j < k; j++, source += stride, packed += width)
        {
            CopyLine(source, packed, count);
            for (var i = count; i < width; i++)
            {
                packed[i] = 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyLine(float* source, float* destination, int count)
    {
        var i = 0;
        for (; i + 4 <= count; i += 4)
        {
            Vector128.Load(source + i).Store(destination + i);
        }

        for (; i < count; i++)
        {
            destination[i] = source[i];
        }
    }

    /// <summary>Four lines of k floats become k groups of four, <paramref name="width"/> apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Transpose4(float* source, nint stride, int k, float* packed, nint width)
    {
        var a = source;
        var b = source + stride;
        var c = source + 2 * stride;
        var d = source + 3 * stride;
        var j = 0;
        if (Sse.IsSupported)
        {
            for (; j + 4 <= k; j += 4, packed += 4 * width)
            {
                var r0 = Vector128.Load(a + j);
                var r1 = Vector128.Load(b + j);
                var r2 = Vector128.Load(c + j);
                var r3 = Vector128.Load(d + j);
                var t0 = Sse.UnpackLow(r0, r1);
                var t1 = Sse.UnpackLow(r2, r3);
                var t2 = Sse.UnpackHigh(r0, r1);
                var t3 = Sse.UnpackHigh(r2, r3);
                Sse.MoveLowToHigh(t0, t1).Store(packed);
                Sse.MoveHighToLow(t1, t0).Store(packed + width);
                Sse.MoveLowToHigh(t2, t3).Store(packed + 2 * width);
                Sse.MoveHighToLow(t3, t2).Store(packed + 3 * width);
            }
        }
        else if (AdvSimd.Arm64.IsSupported)
        {
            for (; j + 4 <= k; j += 4, packed += 4 * width)
            {
                var r0 = Vector128.Load(a + j);
                var r1 = Vector128.Load(b + j);
                var r2 = Vector128.Load(c + j);
                var r3 = Vector128.Load(d + j);
                var t0 = AdvSimd.Arm64.ZipLow(r0, r2);
                var t1 = AdvSimd.Arm64.ZipLow(r1, r3);
                var t2 = AdvSimd.Arm64.ZipHigh(r0, r2);
                var t3 = AdvSimd.Arm64.ZipHigh(r1, r3);
                AdvSimd.Arm64.ZipLow(t0, t1).Store(packed);
                AdvSimd.Arm64.ZipHigh(t0, t1).Store(packed + width);
                AdvSimd.Arm64.ZipLow(t2, t3).Store(packed + 2 * width);
                AdvSimd.Arm64.ZipHigh(t2, t3).Store(packed + 3 * width);
            }
        }

        for (; j < k; j++, packed += width)
        {
            packed[0] = a[j];
            packed[1] = b[j];
            packed[2] = c[j];
            packed[3] = d[j];
        }
    }
}
