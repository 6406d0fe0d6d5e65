using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Rounding to bfloat16, the upper half of a float: to the nearest, ties to even. What is smaller than the smallest normal number becomes zero, as it does
/// in the dot product instruction; no number stays none.
/// </summary>
internal static unsafe class BFloat16
{
    private const uint Sign = 0x8000_0000;
    private const uint Quiet = 0x0040_0000;
    private const uint SmallestNormal = 0x0080_0000;
    private const uint Infinity = 0x7F80_0000;
    private const uint Upper = 0xFFFF_0000;

    /// <summary>The bits of the rounded number, in the upper half.</summary>
    public static uint Round(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        var magnitude = bits & ~Sign;
        return magnitude > Infinity ? (bits | Quiet) & Upper
            : magnitude < SmallestNormal ? bits & Sign
            : (bits + 0x7FFF + ((bits >> 16) & 1)) & Upper;
    }

    /// <summary>The rounded number as a float.</summary>
    public static float Rounded(float value) => BitConverter.UInt32BitsToSingle(Round(value));

    /// <summary>Sixteen at once, for the dot product instruction, which takes what is smaller than the smallest normal number for zero itself. The lower halves are not cleared.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> RoundForDotProduct(Vector512<uint> bits)
    {
        var rounded = bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512<uint>.One);
        return Vector512.ConditionalSelect(Vector512.Equals(bits.AsSingle(), bits.AsSingle()).AsUInt32(), rounded, bits | Vector512.Create(Quiet));
    }

    /// <summary>Four at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Round(Vector128<uint> bits)
    {
        var magnitude = bits & Vector128.Create(~Sign);
        var rounded = bits + Vector128.Create(0x7FFFu) + ((bits >> 16) & Vector128<uint>.One);
        rounded = Vector128.ConditionalSelect(Vector128.LessThan(magnitude, Vector128.Create(SmallestNormal)), bits & Vector128.Create(Sign), rounded);
        rounded = Vector128.ConditionalSelect(Vector128.GreaterThan(magnitude, Vector128.Create(Infinity)), bits | Vector128.Create(Quiet), rounded);
        return rounded & Vector128.Create(Upper);
    }

    /// <summary>Writes count numbers as consecutive halves; where count is odd, a zero after them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow(float* source, int count, ushort* destination)
    {
        var i = 0;
        for (; i + 16 <= count; i += 16)
        {
            Avx512F.ConvertToVector256UInt16(RoundForDotProduct(Vector512.Load((uint*)source + i)) >> 16).Store(destination + i);
        }

        for (; i < count; i++)
        {
            destination[i] = (ushort)(Round(source[i]) >> 16);
        }

        if ((count & 1) != 0)
        {
            destination[count] = 0;
        }
    }

    /// <summary>Writes pairs: the number of the first line in the lower half of a unit, that of the second in the upper; a line that is null is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Interleave(float* first, float* second, int count, uint* destination)
    {
        var i = 0;
        for (; i + 16 <= count; i += 16)
        {
            Pairs(Vector512.Load((uint*)first + i), second is null ? Vector512<uint>.Zero : Vector512.Load((uint*)second + i)).Store(destination + i);
        }

        if (i < count)
        {
            // A strip is lower than a vector is long.
            var mask = Vector512.LessThan(Vector512<uint>.Indices, Vector512.Create((uint)(count - i)));
            var low = Avx512F.MaskLoad((uint*)first + i, mask, Vector512<uint>.Zero);
            var high = second is null ? Vector512<uint>.Zero : Avx512F.MaskLoad((uint*)second + i, mask, Vector512<uint>.Zero);
            Avx512F.MaskStore(destination + i, mask, Pairs(low, high));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<uint> Pairs(Vector512<uint> low, Vector512<uint> high) =>
        (RoundForDotProduct(low) >> 16) | (RoundForDotProduct(high) & Vector512.Create(Upper));

    /// <summary>Rounds numbers, which stay floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(float* source, int count, float* destination)
    {
        var i = 0;
        for (; i + 4 <= count; i += 4)
        {
            Round(Vector128.Load((uint*)source + i)).Store((uint*)destination + i);
        }

        for (; i < count; i++)
        {
            destination[i] = Rounded(source[i]);
        }
    }

    /// <summary>Rounds numbers, which stay floats, and swaps each with its neighbour; where count is odd, zero is the last one's neighbour.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RoundSwapped(float* source, int count, float* destination)
    {
        var i = 0;
        for (; i + 4 <= count; i += 4)
        {
            Vector128.Shuffle(Round(Vector128.Load((uint*)source + i)), Vector128.Create(1u, 0, 3, 2)).Store((uint*)destination + i);
        }

        for (; i < count; i += 2)
        {
            destination[i] = i + 1 < count ? Rounded(source[i + 1]) : 0;
            destination[i + 1] = Rounded(source[i]);
        }
    }
}
