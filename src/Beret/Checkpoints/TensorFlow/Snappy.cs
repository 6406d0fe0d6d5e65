using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>Decompression of one Snappy block (google/snappy, format_description.txt): a length, then literals and copies of what came before.</summary>
internal static class Snappy
{
    // A copy of 64 bytes takes at least 3 bytes; nothing expands more.
    private const int LargestExpansion = 22;

    /// <summary>The decompressed bytes, or null where the block is malformed or would be larger than <paramref name="most"/>.</summary>
    public static byte[]? Decompress(ReadOnlySpan<byte> block, int most)
    {
        if (!Varint.TryReadInt32(ref block, out int length) || length > most || length > (long)block.Length * LargestExpansion)
        {
            return null;
        }

        var output = new byte[length];
        var written = 0;
        while (!block.IsEmpty)
        {
            var tag = block[0];
            block = block[1..];
            var copied = (tag & 3) == 0 ? Literal(tag, ref block, output.AsSpan(written)) : Copy(tag, ref block, output, written);
            if (copied == 0)
            {
                return null;
            }

            written += copied;
        }

        return written == length ? output : null;
    }

    // Up to 60 bytes have their length in the tag, more in the one to four bytes that follow.
    private static int Literal(byte tag, ref ReadOnlySpan<byte> block, Span<byte> output)
    {
        long length = tag >> 2;
        if (length >= 60)
        {
            var extra = (int)length - 59;
            if (!TryReadLittleEndian(ref block, extra, out length))
            {
                return 0;
            }
        }

        length++;
        if (length > block.Length || length > output.Length)
        {
            return 0;
        }

        block[..(int)length].CopyTo(output);
        block = block[(int)length..];
        return (int)length;
    }

    private static int Copy(byte tag, ref ReadOnlySpan<byte> block, Span<byte> output, int written)
    {
        var length = (tag & 3) == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
        var offsetBytes = (tag & 3) switch { 1 => 1, 2 => 2, _ => 4 };
        if (!TryReadLittleEndian(ref block, offsetBytes, out var offset))
        {
            return 0;
        }

        if (offsetBytes == 1)
        {
            offset |= (long)(tag >> 5) << 8;
        }

        if (offset == 0 || offset > written || length > output.Length - written)
        {
            return 0;
        }

        // Byte by byte: a copy may reach into what it writes itself, which repeats a pattern.
        for (var i = written; i < written + length; i++)
        {
            output[i] = output[i - (int)offset];
        }

        return length;
    }

    private static bool TryReadLittleEndian(ref ReadOnlySpan<byte> bytes, int count, out long value)
    {
        value = 0;
        if (bytes.Length < count)
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            value |= (long)bytes[i] << (8 * i);
        }

        bytes = bytes[count..];
        return true;
    }
}
