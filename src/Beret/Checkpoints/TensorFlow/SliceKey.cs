using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// The key under which one slice of a tensor stands in the index: EncodeTensorNameSlice of tensorflow/core/util/saved_tensor_slice_util.cc, written in the
/// OrderedCode of tensorflow/core/lib/strings/ordered_code.cc, in which the bytes sort as the values do.
/// </summary>
internal static class SliceKey
{
    /// <summary>Whether a key is one of a slice; such keys start with a zero byte, which no name does.</summary>
    public static bool Is(ReadOnlySpan<byte> key) => key is [0, ..];

    public static byte[] Encode(string name, IReadOnlyList<Extent> slice)
    {
        var key = new List<byte>();
        AppendUnsigned(key, 0);
        AppendText(key, name);
        AppendUnsigned(key, (ulong)slice.Count);
        foreach (var (start, length) in slice)
        {
            AppendSigned(key, start);
            AppendSigned(key, length);
        }

        return [.. key];
    }

    // The number of bytes, then the bytes, the highest first.
    private static void AppendUnsigned(List<byte> key, ulong value)
    {
        var count = (64 - BitOperations.LeadingZeroCount(value) + 7) / 8;
        key.Add((byte)count);
        for (var i = count - 1; i >= 0; i--)
        {
            key.Add((byte)(value >> (8 * i)));
        }
    }

    // 00 and FF are escaped, 00 01 ends the text.
    private static void AppendText(List<byte> key, string text)
    {
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            key.Add(b);
            if (b is 0 or 0xFF)
            {
                key.Add((byte)~b);
            }
        }

        key.AddRange([0, 1]);
    }

    // Two's complement, the highest byte first, in the fewest bytes that leave room for a header of as many one-bits as there are bytes and a zero-bit
    // (the sign of a negative number inverts it).
    private static void AppendSigned(List<byte> key, long value)
    {
        var bits = 64 - BitOperations.LeadingZeroCount((ulong)(value < 0 ? ~value : value));
        var length = (bits / 7) + 1;
        Span<byte> bytes = stackalloc byte[10];
        bytes.Fill((byte)(value < 0 ? 0xFF : 0));
        BinaryPrimitives.WriteInt64BigEndian(bytes[2..], value);
        var encoded = bytes[(10 - length)..];
        var header = (ushort)(0xFFFF << (16 - length));
        encoded[0] ^= (byte)(header >> 8);
        if (length > 1)
        {
            encoded[1] ^= (byte)header;
        }

        foreach (var b in encoded)
        {
            key.Add(b);
        }
    }
}
