namespace Beret.Data.Files;

/// <summary>The lines of a stream as bytes, in constant memory, with their numbers, counted from 1. LF or CR LF ends a line; a byte order mark at the start is dropped.</summary>
internal static class ByteLines
{
    // What the buffer holds beyond the longest line, so that there is always room to read into.
    private const int Slack = 64 << 10;

    /// <summary>All lines; each is valid until the next is asked for.</summary>
    /// <exception cref="DataException">A line is too long.</exception>
    public static IEnumerable<(ReadOnlyMemory<byte> Line, long Number)> Read(Stream stream, string name, int maxLineBytes)
    {
        var most = (int)Math.Min(maxLineBytes, (long)Array.MaxLength - Slack);
        var buffer = new byte[Slack];
        int start = 0, searched = 0, end = 0;
        for (long number = 1; ; number++)
        {
            // Everything from `start` to `searched` is known to hold no line end.
            int found;
            while ((found = buffer.AsSpan(searched..end).IndexOf((byte)'\n')) < 0)
            {
                searched = end;
                if (end - start > most + 1L)
                {
                    throw TooLong(number);
                }

                if (start > 0)
                {
                    buffer.AsSpan(start..end).CopyTo(buffer);
                    (searched, end, start) = (searched - start, end - start, 0);
                }

                if (end == buffer.Length)
                {
                    Array.Resize(ref buffer, (int)Math.Min(2L * buffer.Length, most + (long)Slack));
                }

                var read = stream.Read(buffer, end, buffer.Length - end);
                if (read == 0)
                {
                    if (end > start)
                    {
                        yield return (Trimmed(buffer.AsMemory(start..end), number), number);
                    }

                    yield break;
                }

                end += read;
            }

            yield return (Trimmed(buffer.AsMemory(start, searched + found - start), number), number);
            start = searched = searched + found + 1;
        }

        ReadOnlyMemory<byte> Trimmed(ReadOnlyMemory<byte> line, long number)
        {
            if (line.Span is [.., (byte)'\r'])
            {
                line = line[..^1];
            }

            if (line.Length > most)
            {
                throw TooLong(number);
            }

            return number == 1 && line.Span is [0xEF, 0xBB, 0xBF, ..] ? line[3..] : line;
        }

        DataException TooLong(long line) => new(
            $"{name}, line {line} is longer than {Shown.Bytes(most)}, the most that is read as one text. Is the input really text with one text on each line?");
    }
}
