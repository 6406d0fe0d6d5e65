namespace Beret.Checkpoints;

/// <summary>
/// The element type of a stored tensor: every type of the safetensors format, in the order in which its reference implementation declares them
/// (which is also the order that decides where the writer puts a tensor).
/// </summary>
public enum TensorType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>Four-bit float, two to a byte. Can be listed, not converted.</summary>
    F4,

    /// <summary>Six-bit float with two bits of exponent. Can be listed, not converted.</summary>
    F6E2M3,

    /// <summary>Six-bit float with three bits of exponent. Can be listed, not converted.</summary>
    F6E3M2,

    /// <summary>Unsigned byte.</summary>
    U8,

    /// <summary>Signed byte.</summary>
    I8,

    /// <summary>Eight-bit float, five bits of exponent, with infinities (the upper half of an fp16).</summary>
    F8E5M2,

    /// <summary>Eight-bit float, four bits of exponent, no infinities, NaN at 0x7F and 0xFF.</summary>
    F8E4M3,

    /// <summary>A power of two (a scale). Can be listed, not converted.</summary>
    F8E8M0,

    /// <summary>The E4M3 form without negative zero. Can be listed, not converted.</summary>
    F8E4M3Fnuz,

    /// <summary>The E5M2 form without negative zero. Can be listed, not converted.</summary>
    F8E5M2Fnuz,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>The upper half of an fp32.</summary>
    BF16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>A complex number of two fp32. Can be listed, not converted.</summary>
    C64,

    /// <summary>IEEE 754 double precision.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,
}

/// <summary>Sizes and names of the element types.</summary>
public static class TensorTypes
{
    // By the value of the enumeration: the name in a safetensors header and the size of an element in bits.
    private static readonly (string Name, int Bits)[] Table =
    [
        ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8), ("F8_E4M3", 8), ("F8_E8M0", 8),
        ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16), ("I32", 32), ("U32", 32), ("F32", 32),
        ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
    ];

    /// <summary>The size of one element in bits; the four- and six-bit floats are packed without gaps.</summary>
    public static int Bits(this TensorType type) => Table[(int)type].Bits;

    /// <summary>The name of the type in a safetensors header, such as <c>F32</c> or <c>BF16</c>.</summary>
    public static string SafetensorsName(this TensorType type) => Table[(int)type].Name;

    /// <summary>Whether <see cref="Checkpoint.Read(string, Span{float})"/> can convert the type to fp32.</summary>
    public static bool IsFloat(this TensorType type) =>
        type is TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F64 or TensorType.F8E4M3 or TensorType.F8E5M2;

    /// <summary>Whether <see cref="Checkpoint.ReadInt64(string, Span{long})"/> can read the type.</summary>
    public static bool IsInteger(this TensorType type) =>
        type is TensorType.Bool or TensorType.U8 or TensorType.I8 or TensorType.I16 or TensorType.U16 or TensorType.I32 or TensorType.U32
            or TensorType.I64 or TensorType.U64;

    internal static bool TryParseSafetensors(ReadOnlySpan<char> name, out TensorType type)
    {
        for (var i = 0; i < Table.Length; i++)
        {
            if (name.SequenceEqual(Table[i].Name))
            {
                type = (TensorType)i;
                return true;
            }
        }

        type = default;
        return false;
    }
}
