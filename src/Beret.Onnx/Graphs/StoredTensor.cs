using System.Buffers.Binary;
using System.Runtime.InteropServices;
using global::Onnx;

namespace Beret.Onnx.Graphs;

/// <summary>A weight or a constant, whose bytes are made when the file is written: a model's weights are never in memory twice.</summary>
/// <param name="Name">As nodes refer to it.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Dimensions">Its shape; none for a single number.</param>
/// <param name="Write">Puts <see cref="Bytes"/> bytes into the stream: little-endian, row-major.</param>
internal sealed record StoredTensor(string Name, TensorProto.Types.DataType Type, IReadOnlyList<long> Dimensions, Action<Stream> Write)
{
    public long Count => Dimensions.Aggregate(1L, (count, dimension) => checked(count * dimension));

    public long Bytes => checked(Count * SizeOf(Type));

    /// <summary>A constant of the graph.</summary>
    public static StoredTensor Of(string name, IReadOnlyList<long> dimensions, long[] values) => new(name, TensorProto.Types.DataType.Int64, dimensions, stream =>
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        foreach (var value in values)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            stream.Write(bytes);
        }
    });

    /// <summary>A constant of the graph in one of its types of floats.</summary>
    public static StoredTensor Of(string name, TensorProto.Types.DataType type, IReadOnlyList<long> dimensions, float[] values) =>
        new(name, type, dimensions, stream => WriteFloats(stream, type, values, name));

    /// <summary>Writes numbers in a type of floats.</summary>
    /// <exception cref="OnnxException">A number is too large for 16 bits.</exception>
    public static void WriteFloats(Stream stream, TensorProto.Types.DataType type, ReadOnlySpan<float> values, string name)
    {
        if (type == TensorProto.Types.DataType.Float)
        {
            stream.Write(MemoryMarshal.AsBytes(values));
            return;
        }

        var halves = new Half[values.Length];
        for (var i = 0; i < halves.Length; i++)
        {
            halves[i] = (Half)values[i];
            if (!Half.IsFinite(halves[i]))
            {
                throw new OnnxException($"{name} has the value {values[i]}, which fp16 cannot hold: export with another --precision");
            }
        }

        stream.Write(MemoryMarshal.AsBytes(halves.AsSpan()));
    }

    private static int SizeOf(TensorProto.Types.DataType type) => type switch
    {
        TensorProto.Types.DataType.Float => sizeof(float),
        TensorProto.Types.DataType.Float16 => sizeof(ushort),
        TensorProto.Types.DataType.Int8 => sizeof(sbyte),
        TensorProto.Types.DataType.Int64 => sizeof(long),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
