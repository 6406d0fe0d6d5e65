using System.Buffers.Text;
using System.Text;

namespace Beret.Data.Files;

internal enum TarEntryKind
{
    File,
    Folder,
    Link,
    Other,
}

/// <summary>
/// Reads a tar from front to back: ustar, the old form before it, GNU long names, PAX paths and sizes (POSIX.1-2017, pax, "ustar Interchange
/// Format"). The runtime's own reader takes memory for an extended header by the size the header claims; this one checks every size before it takes
/// anything.
/// </summary>
internal sealed class TarReader(Stream stream, string origin)
{
    public const int BlockSize = 512;

    // Of a long name or an extended header; GNU tar and others write a few hundred bytes.
    private const long MaxMetadata = 1 << 20;

    private readonly byte[] block = new byte[BlockSize];
    private readonly byte[] scratch = new byte[64 << 10];
    private long unread;
    private long padding;

    public string Path { get; private set; } = "";

    public long Size { get; private set; }

    public TarEntryKind Kind { get; private set; }

    /// <summary>Whether a block can be the first of a tar: its checksum is right.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> block)
    {
        if (block.Length < BlockSize || !TryOctal(block.Slice(148, 8), out var expected))
        {
            return false;
        }

        // The sum of all bytes with the checksum's own eight taken as spaces; some old writers summed signed bytes.
        long sum = 8 * ' ', signedSum = 8 * ' ';
        for (var i = 0; i < BlockSize; i++)
        {
            if (i is < 148 or >= 156)
            {
                sum += block[i];
                signedSum += (sbyte)block[i];
            }
        }

        return expected == sum || expected == signedSum;
    }

    /// <summary>Goes to the next entry, past what was not read of this one. False at the mark that ends the tar.</summary>
    public bool Next()
    {
        string? longName = null;
        long? paxSize = null;
        while (true)
        {
            Skip(unread + padding);
            unread = padding = 0;
            Fill(block);
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
            {
                return false;
            }

            if (!IsHeader(block))
            {
                throw new DataException($"{origin} is damaged: the header after `{Shown.Path(Path)}` has a wrong checksum. Download or pack it " +
                    "again.");
            }

            var size = Number(block.AsSpan(124, 12));
            var type = block[156];
            switch (type)
            {
                case (byte)'L':
                    longName = Encoding.UTF8.GetString(Trimmed(Metadata(size)));
                    continue;
                case (byte)'x':
                    ReadPax(Metadata(size), ref longName, ref paxSize);
                    continue;
                case (byte)'K' or (byte)'g':
                    // The target of a link, and what holds for all entries (never a path): neither is needed.
                    SetBody(size);
                    continue;
            }

            var name = longName ?? HeaderName();
            Kind = type switch
            {
                (byte)'5' => TarEntryKind.Folder,
                0 when name.EndsWith('/') => TarEntryKind.Folder,
                (byte)'0' or 0 or (byte)'7' => TarEntryKind.File,
                (byte)'1' or (byte)'2' => TarEntryKind.Link,
                _ => TarEntryKind.Other,
            };
            Path = EntryPath.Normalise(name, origin);
            Size = paxSize ?? size;

            // Links and folders have no body, whatever size stands in their header.
            SetBody(Kind is TarEntryKind.Link or TarEntryKind.Folder ? 0 : Size);
            return true;
        }
    }

    /// <summary>Reads the whole entry; the caller has checked its size.</summary>
    public byte[] ReadBody()
    {
        var bytes = new byte[unread];
        Fill(bytes);
        unread = 0;
        return bytes;
    }

    /// <summary>Reads some of the entry; 0 at its end.</summary>
    public int ReadSome(Span<byte> bytes)
    {
        var part = bytes[..(int)Math.Min(bytes.Length, unread)];
        var count = stream.Read(part);
        if (count == 0 && part.Length > 0)
        {
            throw CutOff();
        }

        unread -= count;
        return count;
    }

    private static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field;

    private static bool TryOctal(ReadOnlySpan<byte> field, out long value)
    {
        value = 0;
        foreach (var b in Trimmed(field).Trim((byte)' '))
        {
            if (b is < (byte)'0' or > (byte)'7' || value >> 60 != 0)
            {
                return false;
            }

            value = (value << 3) | (uint)(b - '0');
        }

        return true;
    }

    // Octal digits, or, with the highest bit set, a number in base 256 (GNU).
    private long Number(ReadOnlySpan<byte> field)
    {
        if (field[0] == 0x80)
        {
            long value = 0;
            foreach (var b in field[1..])
            {
                if (value >> 55 != 0)
                {
                    throw BadSize();
                }

                value = (value << 8) | b;
            }

            return value;
        }

        return TryOctal(field, out var octal) ? octal : throw BadSize();
    }

    private DataException BadSize() => new($"{origin} is damaged: the header after `{Shown.Path(Path)}` has no sound size. Download or pack it " +
        "again.");

    private string HeaderName()
    {
        var name = Encoding.UTF8.GetString(Trimmed(block.AsSpan(0, 100)));
        var isPosix = block.AsSpan(257, 6).SequenceEqual("ustar\0"u8);
        var prefix = isPosix ? Trimmed(block.AsSpan(345, 155)) : [];
        return prefix.IsEmpty ? name : $"{Encoding.UTF8.GetString(prefix)}/{name}";
    }

    // Records of the form `LENGTH KEY=VALUE\n`, the length counting itself.
    private void ReadPax(ReadOnlySpan<byte> records, ref string? path, ref long? size)
    {
        while (!records.IsEmpty)
        {
            if (!Utf8Parser.TryParse(records, out int length, out var digits) || length <= digits + 1 || length > records.Length
                || records[digits] != ' ' || records[length - 1] != '\n')
            {
                throw BadPax();
            }

            var record = records[(digits + 1)..(length - 1)];
            records = records[length..];
            if (record.StartsWith("path="u8))
            {
                path = Encoding.UTF8.GetString(record["path="u8.Length..]);
            }
            else if (record.StartsWith("size="u8))
            {
                var value = record["size="u8.Length..];
                size = Utf8Parser.TryParse(value, out long parsed, out var used) && used == value.Length && parsed >= 0 ? parsed : throw BadPax();
            }
        }
    }

    private DataException BadPax() => new($"{origin} is damaged: the extended header after `{Shown.Path(Path)}` cannot be read. Download or pack " +
        "it again.");

    private byte[] Metadata(long size)
    {
        if (size > MaxMetadata)
        {
            throw new DataException($"{origin} is damaged or made to do harm: an extended header of {Shown.Bytes(size)} after " +
                $"`{Shown.Path(Path)}`. Download or pack it again.");
        }

        SetBody(size);
        return ReadBody();
    }

    private void SetBody(long size)
    {
        unread = size;
        padding = -size & (BlockSize - 1);
    }

    private void Skip(long count)
    {
        if (stream.CanSeek && count > scratch.Length)
        {
            if (count > stream.Length - stream.Position)
            {
                throw CutOff();
            }

            stream.Seek(count, SeekOrigin.Current);
            return;
        }

        while (count > 0)
        {
            var part = scratch.AsSpan(0, (int)Math.Min(count, scratch.Length));
            Fill(part);
            count -= part.Length;
        }
    }

    private void Fill(Span<byte> bytes)
    {
        if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
        {
            throw CutOff();
        }
    }

    private DataException CutOff() => new($"{origin} is cut off{(Path.Length > 0 ? $" after `{Shown.Path(Path)}`" : "")}: the tar has no end. " +
        "Download or pack it again.");
}
