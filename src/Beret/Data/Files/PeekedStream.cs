namespace Beret.Data.Files;

/// <summary>A stream whose beginning can be looked at before it is read.</summary>
/// <param name="inner">The stream; it is closed with this one.</param>
/// <param name="unreadable">Makes the error of what reading the stream throws.</param>
internal sealed class PeekedStream(Stream inner, Func<Exception, DataException> unreadable) : ReadOnlyStream
{
    private byte[] head = [];
    private int start;
    private int end;
    private long position;

    /// <summary>The bytes that were read.</summary>
    public override long Position { get => position; set => throw new NotSupportedException(); }

    /// <summary>The next bytes, which stay unread: so many, or all there are. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        if (end - start < count)
        {
            var grown = new byte[count];
            head.AsSpan(start..end).CopyTo(grown);
            (head, start, end) = (grown, 0, end - start);
            while (end < count && Fill(head.AsSpan(end)) is > 0 and var more)
            {
                end += more;
            }
        }

        return head.AsSpan(start, Math.Min(count, end - start));
    }

    public override int Read(Span<byte> buffer)
    {
        int count;
        if (start < end)
        {
            count = Math.Min(buffer.Length, end - start);
            head.AsSpan(start, count).CopyTo(buffer);
            start += count;
            if (start == end)
            {
                (head, start, end) = ([], 0, 0);
            }
        }
        else
        {
            count = Fill(buffer);
        }

        position += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Fill(Span<byte> buffer)
    {
        try
        {
            return inner.Read(buffer);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw unreadable(e);
        }
    }
}
