using System.Numerics;
using System.Runtime.InteropServices;

namespace Beret.Checkpoints;

/// <summary>
/// Stored elements to fp32 or to 64-bit integers, vectorised so that the disk and not the conversion sets the pace. The bytes may lie at any address.
/// </summary>
internal static class ElementConversion
{
    /// <summary>Converts whole elements; exact for every type but fp64, which is rounded to nearest even.</summary>
    public static void ToSingle(TensorType type, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        switch (type)
        {
            case TensorType.F32:
                bytes.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case TensorType.F16:
                HalfToSingle(MemoryMarshal.Cast<byte, ushort>(bytes), MemoryMarshal.Cast<float, uint>(destination));
                break;
            case TensorType.BF16:
                BrainToSingle(MemoryMarshal.Cast<byte, ushort>(bytes), MemoryMarshal.Cast<float, uint>(destination));
                break;
            case TensorType.F64:
                DoubleToSingle(MemoryMarshal.Cast<byte, double>(bytes), destination);
                break;
            case TensorType.F8E5M2:
                for (var i = 0; i < destination.Length; i++)
                {
                    destination[i] = (float)BitConverter.UInt16BitsToHalf((ushort)(bytes[i] << 8));
                }

                break;
            case TensorType.F8E4M3:
                for (var i = 0; i < destination.Length; i++)
                {
                    destination[i] = E4M3ToSingle(bytes[i]);
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "not a float type");
        }
    }

    /// <summary>Converts whole elements; false where a U64 does not fit or a BOOL is neither 0 nor 1.</summary>
    public static bool TryToInt64(TensorType type, ReadOnlySpan<byte> bytes, Span<long> destination)
    {
        switch (type)
        {
            case TensorType.I64:
                bytes.CopyTo(MemoryMarshal.AsBytes(destination));
                return true;
            case TensorType.U64:
                bytes.CopyTo(MemoryMarshal.AsBytes(destination));
                return destination.IndexOfAnyInRange(long.MinValue, -1) < 0;
            case TensorType.Bool:
                Widen(bytes, destination);
                return bytes.IndexOfAnyExceptInRange((byte)0, (byte)1) < 0;
            case TensorType.U8:
                Widen(bytes, destination);
                return true;
            case TensorType.I8:
                Widen(MemoryMarshal.Cast<byte, sbyte>(bytes), destination);
                return true;
            case TensorType.U16:
                Widen(MemoryMarshal.Cast<byte, ushort>(bytes), destination);
                return true;
            case TensorType.I16:
                Widen(MemoryMarshal.Cast<byte, short>(bytes), destination);
                return true;
            case TensorType.U32:
                Widen(MemoryMarshal.Cast<byte, uint>(bytes), destination);
                return true;
            case TensorType.I32:
                Widen(MemoryMarshal.Cast<byte, int>(bytes), destination);
                return true;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "not an integer type");
        }
    }

    private static void Widen<T>(ReadOnlySpan<T> source, Span<long> destination)
        where T : unmanaged, IBinaryInteger<T>
    {
        for (var i = 0; i < source.Length; i++)
        {
            destination[i] = long.CreateTruncating(source[i]);
        }
    }

    private static void BrainToSingle(ReadOnlySpan<ushort> source, Span<uint> destination)
    {
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (low << 16).CopyTo(destination[i..]);
            (high << 16).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (uint)source[i] << 16;
        }
    }

    private static void HalfToSingle(ReadOnlySpan<ushort> source, Span<uint> destination)
    {
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            HalfToSingle(low).CopyTo(destination[i..]);
            HalfToSingle(high).CopyTo(destination[(i + Vector<uint>.Count)..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = HalfToSingle(new Vector<uint>(source[i]))[0];
        }
    }

    // The 15 bits below the sign, moved to where fp32 has them, are the number times 2^-112 (the exponent biases are 15 and 127), subnormals included:
    // a multiplication by 2^112 is exact. Infinities and NaN have all exponent bits set and get fp32's.
    private static Vector<uint> HalfToSingle(Vector<uint> half)
    {
        var magnitude = (half & new Vector<uint>(0x7FFF)) << 13;
        var scaled = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) * new Vector<float>(5.192296858534828e33f));
        var special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x0F800000));
        var number = Vector.ConditionalSelect(special, magnitude | new Vector<uint>(0x7F800000), scaled);
        return number | ((half & new Vector<uint>(0x8000)) << 16);
    }

    private static void DoubleToSingle(ReadOnlySpan<double> source, Span<float> destination)
    {
        var i = 0;
        for (; i <= source.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector.Narrow(new Vector<double>(source[i..]), new Vector<double>(source[(i + Vector<double>.Count)..])).CopyTo(destination[i..]);
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (float)source[i];
        }
    }

    // Bias 7; no infinities, so the largest exponent holds numbers too and only S.1111.111 is NaN (Micikevicius et al. 2022, "FP8 Formats for Deep Learning").
    private static float E4M3ToSingle(byte bits)
    {
        var exponent = (bits >> 3) & 15;
        var mantissa = bits & 7;
        var magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => mantissa * (1f / 512),
            _ => MathF.ScaleB(1 + (mantissa / 8f), exponent - 7),
        };
        return (bits & 0x80) != 0 ? -magnitude : magnitude;
    }
}
