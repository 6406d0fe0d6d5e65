using System.IO.Compression;
using Beret.Checksums;

namespace Beret.Checkpoints.Pickle;

/// <summary>
/// Bytes that a zip tool has compressed (PyTorch never does). They are unpacked when they are used, and the checkpoint keeps those of one record at a time.
/// </summary>
internal sealed class DeflatedBytes : StoredBytes
{
    // One span, one array. A storage of a model of this library's kind is a tenth of it.
    private const int Largest = 1 << 30;

    // Deflate codes at most 258 bytes in 2 bits; what claims to be more is no honest archive.
    private const int LargestRatio = 258 * 8 / 2;

    private readonly MappedFile file;
    private readonly ZipEntry entry;
    private readonly Unpacked unpacked;

    /// <exception cref="CheckpointException">The record claims to be too large.</exception>
    public DeflatedBytes(MappedFile file, ZipEntry entry, Unpacked unpacked)
    {
        this.file = file;
        this.entry = entry;
        this.unpacked = unpacked;
        if (entry.Size > Largest)
        {
            throw Refuse($"would be {entry.Size} bytes unpacked; at most {Largest} are read from a compressed record");
        }

        if (entry.Size / LargestRatio > entry.StoredSize)
        {
            throw Refuse($"cannot hold {entry.Size} bytes in {entry.StoredSize}");
        }
    }

    public override long Length => entry.Size;

    public override long Position => entry.Position;

    public override ReadOnlySpan<byte> Slice(long offset, int length) => unpacked.Of(this).AsSpan((int)offset, length);

    // Never more than the archive says, which was checked against what the tensors need.
    private byte[] Unpack()
    {
        var bytes = GC.AllocateUninitializedArray<byte>((int)entry.Size);
        try
        {
            using var inflater = new DeflateStream(new MappedStream(file, entry.Position, entry.StoredSize), CompressionMode.Decompress);
            if (inflater.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            {
                throw Refuse($"is damaged: it unpacks to fewer than the {bytes.Length} bytes that it should have");
            }

            if (inflater.ReadByte() >= 0)
            {
                throw Refuse($"is damaged: it unpacks to more than the {bytes.Length} bytes that it should have");
            }
        }
        catch (InvalidDataException error)
        {
            throw new CheckpointException($"{file.Path}: {CheckpointException.Quote(entry.Name)} is damaged: {error.Message}", error);
        }

        return Crc32.Of(bytes) == entry.Checksum ? bytes : throw Refuse("is damaged (its checksum is wrong); fetch the file again");
    }

    private CheckpointException Refuse(string what) => new($"{file.Path}: {CheckpointException.Quote(entry.Name)} {what}");

    /// <summary>The record of an archive that was unpacked last. Threads may take turns with it; each keeps alive what it reads.</summary>
    internal sealed class Unpacked
    {
        private volatile Tuple<DeflatedBytes, byte[]>? last;

        public byte[] Of(DeflatedBytes record)
        {
            var kept = last;
            if (kept?.Item1 != record)
            {
                last = null;
                last = kept = Tuple.Create(record, record.Unpack());
            }

            return kept.Item2;
        }
    }
}
