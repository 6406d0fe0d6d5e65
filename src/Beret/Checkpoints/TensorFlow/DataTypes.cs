namespace Beret.Checkpoints.TensorFlow;

/// <summary>The element types of TensorFlow (DataType of tensorflow/core/framework/types.proto).</summary>
internal static class DataTypes
{
    public const int String = 7;

    // By the value of the enumeration. The quantised types are stored as the integers they are named after.
    private static readonly (string Name, TensorType? Type)[] Table =
    [
        ("invalid", null), ("float", TensorType.F32), ("double", TensorType.F64), ("int32", TensorType.I32), ("uint8", TensorType.U8),
        ("int16", TensorType.I16), ("int8", TensorType.I8), ("string", null), ("complex64", TensorType.C64), ("int64", TensorType.I64),
        ("bool", TensorType.Bool), ("qint8", TensorType.I8), ("quint8", TensorType.U8), ("qint32", TensorType.I32), ("bfloat16", TensorType.BF16),
        ("qint16", TensorType.I16), ("quint16", TensorType.U16), ("uint16", TensorType.U16), ("complex128", null), ("half", TensorType.F16),
        ("resource", null), ("variant", null), ("uint32", TensorType.U32), ("uint64", TensorType.U64), ("float8_e5m2", TensorType.F8E5M2),
        ("float8_e4m3fn", TensorType.F8E4M3), ("float8_e4m3fnuz", TensorType.F8E4M3Fnuz), ("float8_e4m3b11fnuz", null),
        ("float8_e5m2fnuz", TensorType.F8E5M2Fnuz), ("int4", null), ("uint4", null), ("int2", null), ("uint2", null),
    ];

    /// <summary>TensorFlow's name of the type, or null where there is no such type.</summary>
    public static string? NameOf(int code) => code > 0 && code < Table.Length ? Table[code].Name : null;

    /// <summary>The type as this library reads it, or null where it does not.</summary>
    public static TensorType? TypeOf(int code) => code > 0 && code < Table.Length ? Table[code].Type : null;
}
