using System.IO.Compression;

namespace Beret.Data.Files;

/// <summary>Unpacks gzip, and stops where the content grows out of all proportion to the file: a compression bomb.</summary>
/// <param name="file">The packed bytes, whose position is known.</param>
/// <param name="origin">What messages call it.</param>
/// <param name="maxRatio">How many times as large the content may be.</param>
/// <param name="leaveOpen">Whether they stay open when this is closed.</param>
/// <param name="cancellationToken">Stops the reading.</param>
internal sealed class ExpansionGuard(Stream file, string origin, int maxRatio, bool leaveOpen, CancellationToken cancellationToken = default) : ReadOnlyStream
{
    private const long AlwaysAllowed = 256L << 20;

    private readonly BufferedStream content = new(new GZipStream(file, CompressionMode.Decompress, leaveOpen), 1 << 17);
    private long read;

    public override int Read(Span<byte> buffer)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var count = content.Read(buffer);
        read += count;
        if (read > AlwaysAllowed && read / maxRatio > file.Position)
        {
            throw new DataException(
                $"{origin} expands to more than {Shown.Count(maxRatio)} times its size: a compression bomb, or not text. Unpack it and give " +
                "the folder if you trust it.");
        }

        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
        }

        base.Dispose(disposing);
    }
}
