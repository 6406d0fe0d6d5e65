using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Beret.Data.Files;

/// <summary>
/// UTF-16 as UTF-8. Half of a surrogate pair becomes the three bytes that it would have, which are no UTF-8, and so does half of a code unit at the end: whoever reads the
/// bytes finds them as he finds other bytes that are none, in their line.
/// </summary>
/// <param name="inner">The stream, from its byte order mark on; it is closed with this one.</param>
/// <param name="isBigEndian">What the byte order mark says.</param>
internal sealed class Utf16Stream(Stream inner, bool isBigEndian) : ReadOnlyStream
{
    private const int UnitsAtATime = 16 << 10;

    private readonly byte[] read = new byte[2 * UnitsAtATime];
    private readonly byte[] written = new byte[3 * UnitsAtATime + 1];
    private int held;
    private int start;
    private int end;
    private bool isOver;

    public override int Read(Span<byte> buffer)
    {
        while (start == end && !isOver)
        {
            Convert();
        }

        var count = Math.Min(buffer.Length, end - start);
        written.AsSpan(start, count).CopyTo(buffer);
        start += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Convert()
    {
        var more = inner.Read(read.AsSpan(held));
        isOver = more == 0;
        var bytes = held + more;
        var units = MemoryMarshal.Cast<byte, char>(read.AsSpan(0, bytes & ~1));
        if (isBigEndian == BitConverter.IsLittleEndian)
        {
            var numbers = MemoryMarshal.Cast<char, ushort>(units);
            BinaryPrimitives.ReverseEndianness(numbers, numbers);
        }

        (start, end) = (0, 0);
        var used = 0;
        while (used < units.Length)
        {
            var status = Utf8.FromUtf16(units[used..], written.AsSpan(end), out var taken, out var made, replaceInvalidSequences: false, isFinalBlock: isOver);
            (used, end) = (used + taken, end + made);
            if (status == OperationStatus.NeedMoreData)
            {
                break;
            }

            if (status == OperationStatus.InvalidData)
            {
                var half = units[used++];
                written[end++] = (byte)(0xE0 | (half >> 12));
                written[end++] = (byte)(0x80 | ((half >> 6) & 0x3F));
                written[end++] = (byte)(0x80 | (half & 0x3F));
            }
        }

        // What is left is the first half of a pair, whose second half comes with the next bytes, or half of a unit.
        var left = units[used..];
        if (isBigEndian == BitConverter.IsLittleEndian)
        {
            var numbers = MemoryMarshal.Cast<char, ushort>(left);
            BinaryPrimitives.ReverseEndianness(numbers, numbers);
        }

        held = bytes - 2 * used;
        if (isOver && held > 0)
        {
            written[end++] = 0xFF;
            held = 0;
        }

        read.AsSpan(2 * used, held).CopyTo(read);
    }
}
