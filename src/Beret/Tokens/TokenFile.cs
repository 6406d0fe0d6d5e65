using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Beret.Checkpoints;
using Beret.Checksums;
using Beret.Data;

namespace Beret.Tokens;

/// <summary>
/// A file of tokens, mapped into memory: blocks (<see cref="TokenBlock"/>), then for each its place, its size and its checksum, then the end: what the file is, how many texts it
/// holds, where the places are, and a checksum of these two. Words have the byte order of the machine; the first tells another from its own.
/// </summary>
internal sealed class TokenFile : IDisposable
{
    private const long Magic = 0x314B4F5454455242;
    private const int EndSize = 32;
    private const int EntrySize = 16;

    private readonly MappedFile file;
    private readonly Entry[] blocks;
    private bool isWhole;

    private TokenFile(MappedFile file, Entry[] blocks, int count)
    {
        (this.file, this.blocks) = (file, blocks);
        (Lengths, Windows, IsCut) = (new int[count], new ushort[count], new bool[count]);
    }

    /// <summary>Tokens of each window of each text.</summary>
    public int[] Lengths { get; }

    /// <summary>The windows of each text.</summary>
    public ushort[] Windows { get; }

    /// <summary>Whether each text lost tokens to the length limit.</summary>
    public bool[] IsCut { get; }

    /// <summary>A block.</summary>
    /// <exception cref="CheckpointException">The file was cut off since.</exception>
    public TokenBlock this[int number] => new(Words(blocks[number]));

    /// <summary>Writes one.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="blocks">The blocks, in order.</param>
    /// <param name="count">The number of texts of them all.</param>
    public static void Write(Stream stream, IEnumerable<int[]> blocks, int count)
    {
        var places = new MemoryStream();
        Span<byte> entry = stackalloc byte[EntrySize];
        long place = 0;
        foreach (var block in blocks)
        {
            var bytes = MemoryMarshal.AsBytes<int>(block);
            stream.Write(bytes);
            BinaryPrimitives.WriteInt64LittleEndian(entry, place);
            BinaryPrimitives.WriteInt32LittleEndian(entry[8..], block.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], Crc32C.Of(bytes));
            places.Write(entry);
            place += bytes.Length;
        }

        Span<byte> end = stackalloc byte[EndSize];
        var native = Magic;
        MemoryMarshal.Write(end, in native);
        BinaryPrimitives.WriteInt64LittleEndian(end[8..], place);
        BinaryPrimitives.WriteInt32LittleEndian(end[16..], count);
        BinaryPrimitives.WriteUInt32LittleEndian(end[20..], 0);
        var directory = places.GetBuffer().AsSpan(0, (int)places.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end[28..], Crc32C.Append(Crc32C.Of(directory), end[..28]));
        stream.Write(directory);
        stream.Write(end);
    }

    /// <summary>Opens one and looks through all of it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="count">How many texts it has to hold.</param>
    /// <param name="vocabularySize">What all its tokens are below.</param>
    /// <param name="threads">The most threads that look.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Null where it is damaged, or another file.</returns>
    /// <exception cref="CheckpointException">It cannot be read.</exception>
    public static TokenFile? TryOpen(string path, int count, int vocabularySize, int threads, CancellationToken cancellation)
    {
        if (new FileInfo(path).Length < EndSize)
        {
            return null;
        }

        var file = MappedFile.Open(path, EndSize);
        TokenFile? tokens = null;
        try
        {
            tokens = Read(file, count) is { } blocks ? new TokenFile(file, blocks, count) : null;
            return tokens?.IsWhole(vocabularySize, threads, cancellation) == true ? tokens : null;
        }
        finally
        {
            if (tokens?.isWhole != true)
            {
                file.Dispose();
            }
        }
    }

    public void Dispose() => file.Dispose();

    /// <summary>The places of the blocks; null where the file is not what it has to be.</summary>
    private static Entry[]? Read(MappedFile file, int count)
    {
        var end = file.Slice(file.Length - EndSize, EndSize);
        var place = BinaryPrimitives.ReadInt64LittleEndian(end[8..]);
        var number = (count + TokenBlock.Texts - 1) / TokenBlock.Texts;
        var size = (long)number * EntrySize;
        if (MemoryMarshal.Read<long>(end) != Magic || BinaryPrimitives.ReadInt32LittleEndian(end[16..]) != count || size > int.MaxValue || place != file.Length - EndSize - size)
        {
            return null;
        }

        var directory = file.Slice(place, (int)size);
        if (BinaryPrimitives.ReadUInt32LittleEndian(end[28..]) != Crc32C.Append(Crc32C.Of(directory), end[..28]))
        {
            return null;
        }

        var blocks = new Entry[number];
        for (var i = 0; i < number; i++)
        {
            var entry = directory.Slice(i * EntrySize, EntrySize);
            blocks[i] = new Entry(BinaryPrimitives.ReadInt64LittleEndian(entry), BinaryPrimitives.ReadInt32LittleEndian(entry[8..]), BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]));
            if (blocks[i].Words < 0 || blocks[i].Place < 0 || blocks[i].Place % sizeof(int) != 0 || blocks[i].Place > place - (long)blocks[i].Words * sizeof(int))
            {
                return null;
            }
        }

        return blocks;
    }

    private bool IsWhole(int vocabularySize, int threads, CancellationToken cancellation)
    {
        var damaged = 0;
        TextLoop.Run(blocks.Length, threads, () => 0, (number, _) => Interlocked.Add(ref damaged, Check(number, vocabularySize) ? 0 : 1), cancellation);
        return isWhole = damaged == 0;
    }

    private bool Check(int number, int vocabularySize)
    {
        var words = Words(blocks[number]);
        var start = number * TokenBlock.Texts;
        var count = Math.Min(TokenBlock.Texts, Lengths.Length - start);
        if (blocks[number].Checksum != Crc32C.Of(MemoryMarshal.AsBytes(words)) || !TokenBlock.IsOne(words, count, vocabularySize))
        {
            return false;
        }

        var block = new TokenBlock(words);
        for (var place = 0; place < count; place++)
        {
            if (block.WindowsOf(place) > ushort.MaxValue)
            {
                return false;
            }

            (Lengths[start + place], Windows[start + place], IsCut[start + place]) = (block.LengthOf(place), (ushort)block.WindowsOf(place), block.CutOf(place) > 0);
        }

        return true;
    }

    private ReadOnlySpan<int> Words(Entry block) => MemoryMarshal.Cast<byte, int>(file.Slice(block.Place, checked(block.Words * sizeof(int))));

    /// <summary>What the end of the file says of a block: where it begins, how many words of four bytes it has, and their CRC-32C.</summary>
    private readonly record struct Entry(long Place, int Words, uint Checksum);
}
