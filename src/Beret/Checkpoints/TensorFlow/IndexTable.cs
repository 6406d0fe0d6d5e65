using System.Buffers.Binary;
using Beret.Checksums;
using Beret.Protobuf;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// The sorted table of keys and values that a tensor bundle has as its index: the format of LevelDB (leveldb, doc/table_format.md) with CRC-32C over
/// each block.
/// </summary>
internal sealed class IndexTable
{
    private const int FooterLength = 48;
    private const int TrailerLength = 5;
    private const ulong Magic = 0xDB4775248B80FB57;

    // Far above any real index (a name and its entry take about 100 bytes); they bound the memory that a hostile one can ask for.
    private const long LongestFile = 256 << 20;
    private const int LargestBlock = 64 << 20;
    private const int LongestKey = 16 << 10;
    private const int MostEntries = 1 << 18;
    private const int MostKeyBytes = 64 << 20;

    private readonly MappedFile file;
    private readonly EntryVisitor visit;
    private byte[] key = new byte[256];
    private int keyLength = -1;
    private int entries;
    private long keyBytes;

    private IndexTable(MappedFile file, EntryVisitor visit)
    {
        this.file = file;
        this.visit = visit;
    }

    /// <summary>Receives an entry; both spans are valid during the call only.</summary>
    public delegate void EntryVisitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Reads all entries in the order of their keys, which are checked to be distinct.</summary>
    /// <exception cref="CheckpointException">The file is no such table, or is damaged.</exception>
    public static void Read(string path, EntryVisitor visit)
    {
        using var file = MappedFile.Open(path, least: FooterLength);
        new IndexTable(file, visit).Read();
    }

    private void Read()
    {
        if (file.Length > LongestFile)
        {
            throw Refuse($"the index is {file.Length} bytes long; at most {LongestFile} are read");
        }

        var footer = file.Slice(file.Length - FooterLength, FooterLength);
        if (BinaryPrimitives.ReadUInt64LittleEndian(footer[^8..]) != Magic)
        {
            throw Refuse(file.Slice(0, 1)[0] == '<'
                ? "this is a web page and not the index of a TensorFlow checkpoint; the download failed"
                : "this is not the index of a TensorFlow checkpoint, or its end is missing (wrong magic number)");
        }

        var handles = footer[..^8];
        if (!TryReadHandle(ref handles, out _, out _) || !TryReadHandle(ref handles, out var offset, out var size))
        {
            throw Refuse("the footer is damaged");
        }

        ReadHandles(Block(offset, size));
    }

    // The table's own index: by the last key of a block, where the block is.
    private void ReadHandles(ReadOnlySpan<byte> block)
    {
        var rest = Entries(block);
        while (!rest.IsEmpty)
        {
            if (!TryReadEntry(ref rest, out _, out _, out var value) || !TryReadHandle(ref value, out var offset, out var size))
            {
                throw Refuse("the list of blocks is damaged");
            }

            ReadBlock(Block(offset, size), offset);
        }
    }

    private void ReadBlock(ReadOnlySpan<byte> block, long offset)
    {
        var rest = Entries(block);
        var prefixFrom = 0;
        if (rest.IsEmpty)
        {
            throw Refuse($"the block at {offset} is empty");
        }

        while (!rest.IsEmpty)
        {
            // A key repeats the start of the key before it in the same block.
            if (!TryReadEntry(ref rest, out var shared, out var suffix, out var value) || shared > prefixFrom)
            {
                throw Refuse($"the block at {offset} is damaged");
            }

            NextKey(shared, suffix);
            prefixFrom = keyLength;
            visit(key.AsSpan(0, keyLength), value);
        }
    }

    private void NextKey(int shared, ReadOnlySpan<byte> suffix)
    {
        var length = shared + suffix.Length;
        keyBytes += length;
        if (length > LongestKey || ++entries > MostEntries || keyBytes > MostKeyBytes)
        {
            throw Refuse($"the index is too large: more than {MostEntries} names, or names of more than {LongestKey} bytes or {MostKeyBytes} together");
        }

        if (keyLength >= 0 && suffix.SequenceCompareTo(key.AsSpan(shared, keyLength - shared)) <= 0)
        {
            throw Refuse("the names are not in order");
        }

        if (length > key.Length)
        {
            Array.Resize(ref key, Math.Max(length, 2 * key.Length));
        }

        suffix.CopyTo(key.AsSpan(shared));
        keyLength = length;
    }

    /// <summary>A block, its checksum verified, decompressed.</summary>
    private ReadOnlySpan<byte> Block(long offset, long size)
    {
        if (size > LargestBlock || offset > file.Length - FooterLength - TrailerLength - size)
        {
            throw Refuse($"a block should lie at {offset} with {size} bytes, which is outside of the file or too large");
        }

        var bytes = file.Slice(offset, (int)size + TrailerLength);
        if (Crc32C.Mask(Crc32C.Of(bytes[..^4])) != BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]))
        {
            throw Refuse($"the checksum of the block at {offset} is wrong; the file is damaged, fetch it again");
        }

        var block = bytes[..(int)size];
        return bytes[(int)size] switch
        {
            0 => block,
            1 => Snappy.Decompress(block, LargestBlock)
                ?? throw Refuse($"the block at {offset} should be compressed with Snappy, but is not valid Snappy data"),
            var type => throw Refuse($"the block at {offset} is compressed in a way that is not known (type {type})"),
        };
    }

    /// <summary>The entries of a block, without the array of restart points behind them (offsets of entries with whole keys, for binary search).</summary>
    private ReadOnlySpan<byte> Entries(ReadOnlySpan<byte> block)
    {
        var restarts = block.Length >= 4 ? BinaryPrimitives.ReadUInt32LittleEndian(block[^4..]) : uint.MaxValue;
        return restarts <= (block.Length - 4) / 4 ? block[..(block.Length - 4 - (4 * (int)restarts))] : throw Refuse("a block is damaged (restart points)");
    }

    private static bool TryReadEntry(ref ReadOnlySpan<byte> rest, out int shared, out ReadOnlySpan<byte> suffix, out ReadOnlySpan<byte> value)
    {
        suffix = value = default;
        if (!Varint.TryReadInt32(ref rest, out shared) || !Varint.TryReadInt32(ref rest, out int own) || !Varint.TryReadInt32(ref rest, out int valueLength)
            || own > rest.Length || valueLength > rest.Length - own || shared > LongestKey)
        {
            return false;
        }

        suffix = rest[..own];
        value = rest.Slice(own, valueLength);
        rest = rest[(own + valueLength)..];
        return true;
    }

    private static bool TryReadHandle(ref ReadOnlySpan<byte> bytes, out long offset, out long size)
    {
        var read = Varint.TryRead(ref bytes, out var first) & Varint.TryRead(ref bytes, out var second);
        (offset, size) = ((long)first, (long)second);
        return read && offset >= 0 && size >= 0;
    }

    private CheckpointException Refuse(string what) => new($"{file.Path}: {what}");
}
