using System.Buffers;

namespace Beret.Data.Files;

/// <summary>
/// Finds where the values of a JSON text begin and end, from front to back and in bounded memory. What a value holds is for a parser: this looks at quotation marks and
/// brackets alone.
/// </summary>
/// <param name="stream">The text, in UTF-8.</param>
/// <param name="name">What messages call it.</param>
/// <param name="maxValueBytes">The most bytes of a value that is handed out.</param>
internal sealed class JsonScanner(Stream stream, string name, int maxValueBytes)
{
    private static readonly SearchValues<byte> InString = SearchValues.Create("\"\\\n"u8);
    private static readonly SearchValues<byte> EndsWord = SearchValues.Create(",]}:\"[{ \t\r\n"u8);

    private readonly byte[] buffer = new byte[64 << 10];
    private readonly ArrayBufferWriter<byte> value = new();
    private int next;
    private int end;
    private bool isKept;
    private long began;

    /// <summary>The line of the next byte, counted from 1.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>The next byte that is no white space, which stays unread; −1 at the end.</summary>
    public int Peek()
    {
        while (Byte() is var b && b is ' ' or '\t' or '\r' or '\n')
        {
            Take();
        }

        return Byte();
    }

    /// <summary>Drops a byte order mark.</summary>
    public void SkipMark()
    {
        foreach (var expected in (ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])
        {
            if (Byte() != expected)
            {
                return;
            }

            next++;
        }
    }

    /// <summary>Reads the byte that has to come next.</summary>
    public void Expect(char wanted)
    {
        if (Peek() != wanted)
        {
            throw Wrong($"there is no `{wanted}` where one has to be");
        }

        Take();
    }

    /// <summary>The bytes of the next value, valid until the next call.</summary>
    public ReadOnlyMemory<byte> Value()
    {
        value.ResetWrittenCount();
        isKept = true;
        Walk();
        isKept = false;
        return value.WrittenMemory;
    }

    /// <summary>Goes past the next value, however long it is.</summary>
    public void Skip() => Walk();

    public DataException Wrong(string what) => new($"{Shown.Path(name)}, line {Line}: it is not valid JSON: {what}.");

    private DataException CutOff() => new($"{Shown.Path(name)}, line {began}: the file ends within what begins here; it is cut off.");

    private void Walk()
    {
        Peek();
        began = Line;
        var depth = 0;
        do
        {
            switch (depth == 0 ? Byte() : Peek())
            {
                case -1:
                    throw CutOff();
                case '{' or '[':
                    depth++;
                    Take();
                    break;
                case '}' or ']':
                    depth--;
                    Take();
                    break;
                case '"':
                    String();
                    break;
                case ',' or ':' when depth > 0:
                    Take();
                    break;
                case ',' or ':':
                    throw Wrong($"a value is missing before `{(char)Byte()}`");
                default:
                    Word();
                    break;
            }
        }
        while (depth > 0);

        if (depth < 0)
        {
            throw Wrong("a bracket is closed that was not opened");
        }
    }

    private void String()
    {
        Take();
        while (true)
        {
            if (Byte() < 0)
            {
                throw CutOff();
            }

            var found = buffer.AsSpan(next..end).IndexOfAny(InString);
            Keep(found < 0 ? end - next : found);
            if (found < 0)
            {
                continue;
            }

            var b = Byte();
            Take();
            if (b == '"')
            {
                return;
            }

            if (b == '\\' && Byte() >= 0)
            {
                Take();
            }
        }
    }

    private void Word()
    {
        while (Byte() >= 0)
        {
            var found = buffer.AsSpan(next..end).IndexOfAny(EndsWord);
            Keep(found < 0 ? end - next : found);
            if (found >= 0)
            {
                return;
            }
        }
    }

    private int Byte()
    {
        if (next == end)
        {
            (next, end) = (0, stream.Read(buffer, 0, buffer.Length));
        }

        return next < end ? buffer[next] : -1;
    }

    private void Take()
    {
        Line += buffer[next] == '\n' ? 1 : 0;
        Keep(1);
    }

    private void Keep(int count)
    {
        if (isKept)
        {
            if (value.WrittenCount + count > maxValueBytes)
            {
                throw new DataException($"{Shown.Path(name)}, line {Line}: a row is longer than {Shown.Bytes(maxValueBytes)}, the most that is read.");
            }

            value.Write(buffer.AsSpan(next, count));
        }

        next += count;
    }
}
