namespace Beret.Data.Files;

/// <summary>Counts the bytes that are read from a stream, and looks at the first two before anybody reads them.</summary>
internal sealed class CountingStream : Stream
{
    private readonly Stream inner;
    private readonly byte[] head = new byte[2];
    private readonly int headLength;
    private int headRead;

    /// <param name="inner">The stream; it is disposed with this one.</param>
    /// <param name="size">Its size in bytes; 0: not known.</param>
    public CountingStream(Stream inner, long size)
    {
        this.inner = inner;
        Size = size;
        headLength = inner.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
    }

    /// <summary>The bytes in all; 0: not known.</summary>
    public long Size { get; }

    /// <summary>The bytes read so far.</summary>
    public long Count { get; private set; }

    /// <summary>Whether it begins as gzip does.</summary>
    public bool IsGzip => headLength == 2 && head is [0x1f, 0x8b];

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var read = headRead < headLength ? Head(buffer) : inner.Read(buffer);
        Count += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = headRead < headLength ? Head(buffer.Span) : await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Count += read;
        return read;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Head(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, headLength - headRead);
        head.AsSpan(headRead, count).CopyTo(buffer);
        headRead += count;
        return count;
    }
}
