using System.Runtime.CompilerServices;
using System.Text;

namespace Beret.Data;

/// <summary>Lines of UTF-8 text from a stream of any length, in constant memory.</summary>
public static class TextLines
{
    /// <summary>The most bytes of a line unless told otherwise: 16 MiB.</summary>
    public const int DefaultMaxLineBytes = 16 << 20;

    // What the buffer holds beyond the longest line, so that there is always room to read into.
    private const int Slack = 64 << 10;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// Reads the lines of a stream as they arrive. A line ends with LF or CR LF, which are not part of it; the last one need not. A byte order mark
    /// at the start is dropped. The stream is not closed.
    /// </summary>
    /// <param name="stream">The stream.</param>
    /// <param name="name">What the stream is called in messages.</param>
    /// <param name="maxLineBytes">The most bytes that a line may have.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DataException">A line is too long or not UTF-8; the message has its number. Or the stream cannot be read.</exception>
    public static async IAsyncEnumerable<string> ReadAsync(
        Stream stream,
        string name = "standard input",
        int maxLineBytes = DefaultMaxLineBytes,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxLineBytes);
        maxLineBytes = Math.Min(maxLineBytes, Array.MaxLength - Slack);
        var buffer = new byte[Slack];
        int start = 0, searched = 0, end = 0;
        long number = 0;
        while (true)
        {
            // Everything from `start` to `searched` is known to hold no line end.
            var found = buffer.AsSpan(searched, end - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                yield return Decode(buffer.AsSpan(start, searched + found - start));
                start = searched = searched + found + 1;
                continue;
            }

            searched = end;
            if (end - start > maxLineBytes + 1L)
            {
                throw TooLong(number + 1);
            }

            if (start > 0)
            {
                buffer.AsSpan(start, end - start).CopyTo(buffer);
                (searched, end, start) = (searched - start, end - start, 0);
            }

            if (end == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(2L * buffer.Length, maxLineBytes + (long)Slack));
            }

            var read = await ReadSome(buffer.AsMemory(end)).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            end += read;
        }

        if (end > start)
        {
            yield return Decode(buffer.AsSpan(start, end - start));
        }

        string Decode(ReadOnlySpan<byte> line)
        {
            number++;
            if (line is [.., (byte)'\r'])
            {
                line = line[..^1];
            }

            if (line.Length > maxLineBytes)
            {
                throw TooLong(number);
            }

            if (number == 1 && line is [0xEF, 0xBB, 0xBF, ..])
            {
                line = line[3..];
            }

            try
            {
                return Utf8.GetString(line);
            }
            catch (DecoderFallbackException e)
            {
                throw new DataException($"{name}, line {number}: {Utf8Fault.Describe(line, e)}. Convert the input to UTF-8, or remove the line.", e);
            }
        }

        DataException TooLong(long line) => new(
            $"{name}, line {line} is longer than {Shown.Bytes(maxLineBytes)}, the most that is read as one text. Is the input really text with " +
            "one text on each line?");

        async ValueTask<int> ReadSome(Memory<byte> into)
        {
            try
            {
                return await stream.ReadAsync(into, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                throw new DataException($"{name} cannot be read after line {number}: {e.Message}", e);
            }
        }
    }
}
