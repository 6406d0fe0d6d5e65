namespace Beret.Data.Files;

/// <summary>Counts the bytes that are read from a stream.</summary>
/// <param name="inner">The stream; it is closed with this one.</param>
/// <param name="size">Its size in bytes; 0: not known.</param>
internal sealed class CountingStream(Stream inner, long size) : ReadOnlyStream
{
    /// <summary>The bytes in all; 0: not known.</summary>
    public long Size => size;

    /// <summary>The bytes read so far.</summary>
    public long Count { get; private set; }

    public override long Position { get => Count; set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        Count += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
