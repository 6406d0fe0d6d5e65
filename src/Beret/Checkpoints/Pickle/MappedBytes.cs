using Beret.Checksums;

namespace Beret.Checkpoints.Pickle;

/// <summary>Bytes that are in the file as they are. A checksum is verified once, before the first of them is used.</summary>
/// <param name="file">The file.</param>
/// <param name="name">What the bytes are called in it, for messages.</param>
/// <param name="checksum">Their CRC-32; null where the format has none.</param>
internal sealed class MappedBytes(MappedFile file, string name, long position, long length, uint? checksum) : StoredBytes
{
    private const int Piece = 1 << 24;

    private volatile bool verified = checksum is null;

    public override long Length => length;

    public override long Position => position;

    public override ReadOnlySpan<byte> Slice(long offset, int length)
    {
        if (!verified)
        {
            Verify();
        }

        return file.Slice(position + offset, length);
    }

    private void Verify()
    {
        uint sum = 0;
        for (long done = 0; done < Length; done += Piece)
        {
            sum = Crc32.Append(sum, file.Slice(position + done, (int)Math.Min(Piece, Length - done)));
        }

        if (sum != checksum)
        {
            throw new CheckpointException($"{file.Path}: {CheckpointException.Quote(name)} is damaged (its checksum is wrong); fetch the file again");
        }

        verified = true;
    }
}
