using System.Buffers.Binary;
using System.Text;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// The table of contents of a zip archive (PKWARE APPNOTE 6.3.10, with the 64-bit extension that PyTorch always writes). Nothing that the archive says of itself is
/// believed: every record must lie in the file, before the directory, and apart from all others.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054B50, End64Signature = 0x06064B50, LocatorSignature = 0x07064B50;
    private const uint EntrySignature = 0x02014B50, LocalSignature = 0x04034B50;
    private const int EndLength = 22, End64Length = 56, LocatorLength = 20, EntryLength = 46, LocalLength = 30;
    private const int LongestComment = ushort.MaxValue, LongestDirectory = 1 << 24;
    private const int Encrypted = 1, Stored = 0, Deflated = 8, Extension64 = 1;

    private readonly MappedFile file;

    private ZipDirectory(MappedFile file) => this.file = file;

    /// <summary>Every record by its name.</summary>
    /// <exception cref="CheckpointException">The archive is cut off, damaged, or of a kind that is not read.</exception>
    public static Dictionary<string, ZipEntry> Read(MappedFile file) => new ZipDirectory(file).Read();

    private Dictionary<string, ZipEntry> Read()
    {
        var (start, length, count) = FindDirectory();
        var rest = file.Slice(start, length);
        var entries = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        var ranges = new List<(long Begin, ZipEntry Entry)>();
        for (ulong i = 0; i < count; i++)
        {
            var (begin, entry) = ReadEntry(ref rest, start);
            ranges.Add((begin, entry));
            if (!entries.TryAdd(entry.Name, entry))
            {
                throw Refuse($"its directory names {CheckpointException.Quote(entry.Name)} twice");
            }
        }

        if (!rest.IsEmpty)
        {
            throw Refuse("its directory holds more than its records");
        }

        CheckApart(ranges);
        return entries;
    }

    /// <summary>The directory stands before the end record, which closes the file; between them, in the 64-bit form, another end record and its locator.</summary>
    private (long Start, int Length, ulong Count) FindDirectory()
    {
        var tail = file.Slice(Math.Max(0, file.Length - EndLength - LongestComment), (int)Math.Min(file.Length, EndLength + LongestComment));
        var at = tail.Length - EndLength;
        while (at >= 0 && !(UInt32(tail, at) == EndSignature && at + EndLength + UInt16(tail, at + 20) == tail.Length))
        {
            at--;
        }

        if (at < 0)
        {
            throw Refuse("the end of the zip archive is missing; the file is cut off");
        }

        var end = tail[at..];
        var position = file.Length - tail.Length + at;
        ulong count = UInt16(end, 10), length = UInt32(end, 12), start = UInt32(end, 16);
        if (at >= LocatorLength && UInt32(tail, at - LocatorLength) == LocatorSignature)
        {
            var found = UInt64(tail, at - LocatorLength + 8);
            position -= LocatorLength;
            if (position < End64Length || found > (ulong)position - End64Length)
            {
                throw Refuse($"its end record should be at {found}, which is no place for it");
            }

            position = (long)found;
            end = file.Slice(position, End64Length);
            if (UInt32(end, 0) != End64Signature)
            {
                throw Refuse($"its end record should be at {found}, but is not there");
            }

            (count, length, start) = (UInt64(end, 32), UInt64(end, 40), UInt64(end, 48));
        }

        if (start > (ulong)position || length != (ulong)position - start)
        {
            throw Refuse($"its directory should be {length} bytes at {start}, but the end record is at {position}");
        }

        if (length > LongestDirectory || count > length / EntryLength)
        {
            throw Refuse($"its directory of {length} bytes should name {count} records");
        }

        return ((long)start, (int)length, count);
    }

    private (long Begin, ZipEntry Entry) ReadEntry(ref ReadOnlySpan<byte> rest, long end)
    {
        if (rest.Length < EntryLength || UInt32(rest, 0) != EntrySignature)
        {
            throw Refuse("its directory is damaged");
        }

        var (nameLength, extraLength) = (UInt16(rest, 28), UInt16(rest, 30));
        var length = EntryLength + nameLength + extraLength + UInt16(rest, 32);
        if (rest.Length < length)
        {
            throw Refuse("its directory is damaged");
        }

        var encodedName = rest.Slice(EntryLength, nameLength);
        var name = Encoding.UTF8.GetString(encodedName);
        int flags = UInt16(rest, 8), method = UInt16(rest, 10);
        ulong storedSize = UInt32(rest, 20), size = UInt32(rest, 24), begin = UInt32(rest, 42);
        var wide = Extension(rest.Slice(EntryLength + nameLength, extraLength));
        if (!Widen(ref size, ref wide) || !Widen(ref storedSize, ref wide) || !Widen(ref begin, ref wide))
        {
            throw Refuse(name, "lacks its 64-bit sizes");
        }

        if ((flags & Encrypted) != 0)
        {
            throw Refuse(name, "is encrypted");
        }

        if (method is not (Stored or Deflated))
        {
            throw Refuse(name, $"is compressed by method {method}; only deflate is read");
        }

        if (begin > (ulong)end || (ulong)end - begin < LocalLength)
        {
            throw Refuse(name, $"should begin at {begin}, but the records end at {end}; the file is cut off or damaged");
        }

        var local = file.Slice((long)begin, LocalLength);
        var data = begin + LocalLength + UInt16(local, 26) + UInt16(local, 28);
        if (UInt32(local, 0) != LocalSignature || UInt16(local, 8) != method || UInt16(local, 26) != nameLength
            || data > (ulong)end || !file.Slice((long)begin + LocalLength, nameLength).SequenceEqual(encodedName))
        {
            throw Refuse(name, $"should begin at {begin}, but does not");
        }

        if (storedSize > (ulong)end - data || (method == Stored && size != storedSize) || size > long.MaxValue)
        {
            throw Refuse(name, $"should have {storedSize} bytes at {data}, {size} unpacked, but the records end at {end}; the file is cut off or damaged");
        }

        var entry = new ZipEntry(name, method == Deflated, UInt32(rest, 16), (long)storedSize, (long)size, (long)data);
        rest = rest[length..];
        return ((long)begin, entry);
    }

    // What is stored once and named often is how a small archive pretends to be a large one (Fifield 2019, "A better zip bomb").
    private void CheckApart(List<(long Begin, ZipEntry Entry)> ranges)
    {
        long used = 0;
        foreach (var (begin, entry) in ranges.OrderBy(range => range.Begin))
        {
            if (begin < used)
            {
                throw Refuse(entry.Name, "overlaps the record before it");
            }

            used = entry.Position + entry.StoredSize;
        }
    }

    /// <summary>The body of the extra field that holds what does not fit in 32 bits; empty where there is none.</summary>
    private static ReadOnlySpan<byte> Extension(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4 && UInt16(extra, 2) <= extra.Length - 4)
        {
            var body = extra.Slice(4, UInt16(extra, 2));
            if (UInt16(extra, 0) == Extension64)
            {
                return body;
            }

            extra = extra[(4 + body.Length)..];
        }

        return default;
    }

    // The extension holds only those of the numbers that are all ones in their own place, in this order.
    private static bool Widen(ref ulong value, ref ReadOnlySpan<byte> extension)
    {
        if (value != uint.MaxValue)
        {
            return true;
        }

        if (extension.Length < sizeof(ulong))
        {
            return false;
        }

        value = UInt64(extension, 0);
        extension = extension[sizeof(ulong)..];
        return true;
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static ulong UInt64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    private CheckpointException Refuse(string name, string what) => Refuse($"{CheckpointException.Quote(name)} {what}");

    private CheckpointException Refuse(string what) => new($"{file.Path}: {what}");
}
