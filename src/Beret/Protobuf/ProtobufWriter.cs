using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Beret.Protobuf;

/// <summary>Writes the fields of one protocol buffer message, in the wire format of https://protobuf.dev/programming-guides/encoding.</summary>
internal sealed class ProtobufWriter
{
    private const int VarintType = 0, Fixed64Type = 1, BytesType = 2, Fixed32Type = 5;

    private readonly ArrayBufferWriter<byte> buffer = new(64);

    /// <summary>What was written so far.</summary>
    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    /// <summary>A field of int64, uint64, bool or enum.</summary>
    public void Int64(int field, long value)
    {
        Tag(field, VarintType);
        Varint((ulong)value);
    }

    /// <summary>A field of double.</summary>
    public void Double(int field, double value)
    {
        Tag(field, Fixed64Type);
        BinaryPrimitives.WriteDoubleLittleEndian(buffer.GetSpan(sizeof(double)), value);
        buffer.Advance(sizeof(double));
    }

    /// <summary>A field of float.</summary>
    public void Single(int field, float value)
    {
        Tag(field, Fixed32Type);
        BinaryPrimitives.WriteSingleLittleEndian(buffer.GetSpan(sizeof(float)), value);
        buffer.Advance(sizeof(float));
    }

    /// <summary>A field of text.</summary>
    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>A field of bytes, or of a message inside this one.</summary>
    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, BytesType);
        Varint((ulong)value.Length);
        buffer.Write(value);
    }

    private void Tag(int field, int type) => Varint(((ulong)field << 3) | (uint)type);

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            buffer.Write([(byte)(value | 0x80)]);
        }

        buffer.Write([(byte)value]);
    }
}
