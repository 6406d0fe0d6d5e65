using System.Buffers.Binary;
using System.Text;

namespace Beret.Protobuf;

/// <summary>
/// Walks the fields of one protocol buffer message in place, without allocating: <c>while (reader.Next()) switch (reader.Field) …</c>, and at the end a look
/// at <see cref="IsDamaged"/>. Damage is remembered, not thrown: after it there are no more fields, and values read as 0 or empty.
/// </summary>
/// <remarks>Wire format of https://protobuf.dev/programming-guides/encoding; groups, long obsolete, count as damage.</remarks>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message)
{
    private const int VarintType = 0, Fixed64Type = 1, BytesType = 2, Fixed32Type = 5;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> rest = message;
    private ReadOnlySpan<byte> bytes;
    private ulong number;
    private int wireType;

    /// <summary>The number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Whether the message is malformed, or a field was asked for as another kind than it is.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Goes to the next field; false at the end of the message, and at damage.</summary>
    public bool Next()
    {
        bytes = default;
        number = 0;
        if (IsDamaged || rest.IsEmpty)
        {
            return false;
        }

        if (!Varint.TryRead(ref rest, out var tag) || tag >> 3 is 0 or > 0x1FFFFFFF)
        {
            return Damage();
        }

        Field = (int)(tag >> 3);
        wireType = (int)(tag & 7);
        switch (wireType)
        {
            case VarintType:
                return Varint.TryRead(ref rest, out number) || Damage();
            case Fixed64Type when rest.Length >= 8:
                number = BinaryPrimitives.ReadUInt64LittleEndian(rest);
                rest = rest[8..];
                return true;
            case Fixed32Type when rest.Length >= 4:
                number = BinaryPrimitives.ReadUInt32LittleEndian(rest);
                rest = rest[4..];
                return true;
            case BytesType when Varint.TryRead(ref rest, out var length) && length <= (ulong)rest.Length:
                bytes = rest[..(int)length];
                rest = rest[(int)length..];
                return true;
            default:
                return Damage();
        }
    }

    /// <summary>The field as int64, uint64, bool or enum.</summary>
    public long Int64() => (long)Number(VarintType);

    /// <summary>The field as int32 or enum; damage where it does not fit.</summary>
    public int Int32()
    {
        var value = (long)Number(VarintType);
        return value == (int)value ? (int)value : Wrong(0);
    }

    /// <summary>The field as fixed32.</summary>
    public uint Fixed32() => (uint)Number(Fixed32Type);

    /// <summary>The field as float.</summary>
    public float Single() => BitConverter.UInt32BitsToSingle(Fixed32());

    /// <summary>The field as bytes, a packed list or a message inside this one; a view into the message.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        if (wireType != BytesType)
        {
            Damage();
        }

        return bytes;
    }

    /// <summary>The field as text; damage where it is not valid UTF-8.</summary>
    public string Text()
    {
        try
        {
            return StrictUtf8.GetString(Bytes());
        }
        catch (DecoderFallbackException)
        {
            return Wrong("");
        }
    }

    /// <summary>Marks the message as damaged from outside, where a value makes no sense.</summary>
    public bool Damage()
    {
        IsDamaged = true;
        rest = default;
        return false;
    }

    private ulong Number(int type) => wireType == type ? number : Wrong(0ul);

    private T Wrong<T>(T value)
    {
        Damage();
        return value;
    }
}
