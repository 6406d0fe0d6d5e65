using System.Collections.Immutable;
using Beret.Checksums;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// A range of a data file that holds a tensor, or a box cut out of one, with its checksum, which is verified once, before the first byte is used.
/// </summary>
internal sealed class StoredPiece
{
    private const int LongestSpan = 1 << 30;
    private const int PieceOfSum = 1 << 24;

    private readonly MappedFile? file;
    private readonly uint checksum;
    private readonly string name;
    private volatile bool verified;

    /// <param name="name">The tensor's name, for messages.</param>
    /// <param name="file">The data file; null only where the piece has no bytes.</param>
    public StoredPiece(string name, MappedFile? file, BundleEntry entry, ImmutableArray<long> start)
    {
        this.name = name;
        this.file = file;
        checksum = entry.Checksum;
        Size = entry.Size;
        Position = (entry.Shard, entry.Offset);
        Start = start;
        Shape = entry.Shape;
    }

    /// <summary>Which data file, and where in it: the order in which reading is fastest.</summary>
    public (int Shard, long Offset) Position { get; }

    /// <summary>The number of bytes.</summary>
    public long Size { get; }

    /// <summary>The first coordinate in the tensor along each dimension.</summary>
    public ImmutableArray<long> Start { get; }

    /// <summary>The dimensions of the piece.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <exception cref="CheckpointException">The bytes are not those that were written.</exception>
    public ReadOnlySpan<byte> Read(long from, int length)
    {
        Verify();
        return Bytes(from, length);
    }

    /// <summary>All bytes, the checksum not looked at: strings have one of their own kind.</summary>
    public ReadOnlySpan<byte> ReadUnverified() =>
        Size <= LongestSpan
            ? Bytes(0, (int)Size)
            : throw new CheckpointException($"{file!.Path}: tensor {CheckpointException.Quote(name)} has {Size} bytes of text, too many");

    /// <exception cref="CheckpointException">The bytes are not those that were written.</exception>
    public void Verify()
    {
        if (verified)
        {
            return;
        }

        uint sum = 0;
        for (long done = 0; done < Size; done += PieceOfSum)
        {
            sum = Crc32C.Append(sum, Bytes(done, (int)Math.Min(PieceOfSum, Size - done)));
        }

        Require(sum);
        verified = true;
    }

    /// <summary>Compares a checksum with the stored one.</summary>
    /// <exception cref="CheckpointException">They differ.</exception>
    public void Require(uint sum)
    {
        if (Crc32C.Mask(sum) != checksum)
        {
            throw Damaged("its checksum is wrong");
        }
    }

    public CheckpointException Damaged(string what) =>
        new($"{file?.Path}: tensor {CheckpointException.Quote(name)} is damaged ({what}); fetch the file again");

    private ReadOnlySpan<byte> Bytes(long from, int length) => length == 0 ? default : file!.Slice(Position.Offset + from, length);
}
