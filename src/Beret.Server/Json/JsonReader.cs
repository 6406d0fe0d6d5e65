using System.Buffers;
using System.Globalization;
using System.Text;

namespace Beret.Server.Json;

/// <summary>
/// Reads what a client sent as JSON. NaN, Infinity and -Infinity are numbers too, as TensorFlow Serving has it, and the messages and offsets are those of RapidJSON, which it
/// reads with. Unlike it, this reader refuses bytes that are not UTF-8, escapes that are half a character, and what would cost too much memory or stack.
/// </summary>
internal ref struct JsonReader
{
    /// <summary>The deepest nesting that is read.</summary>
    public const int MostLevels = 64;

    /// <summary>The most values of a text, of all levels together.</summary>
    public const int MostValues = 1 << 18;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly SearchValues<byte> StringEnds = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 0x20).Select(i => (byte)i)]);

    private readonly ReadOnlySpan<byte> text;
    private int at;
    private int values;

    private JsonReader(ReadOnlySpan<byte> text) => this.text = text;

    private readonly int Next => at < text.Length ? text[at] : 0;

    /// <summary>Reads one value, with nothing but white space around it.</summary>
    /// <exception cref="JsonSyntaxException">It is not JSON.</exception>
    public static JsonValue Parse(ReadOnlySpan<byte> text)
    {
        // A byte order mark, which RapidJSON's encoded streams skip too.
        var reader = new JsonReader(text) { at = text.StartsWith("\uFEFF"u8) ? 3 : 0 };
        reader.SkipSpace();
        if (reader.at == text.Length)
        {
            throw reader.Error("The document is empty.");
        }

        var value = reader.ReadValue(0);
        reader.SkipSpace();
        return reader.at == text.Length ? value : throw reader.Error("The document root must not be followed by other values.");
    }

    private JsonValue ReadValue(int level)
    {
        if (level > MostLevels)
        {
            throw Error($"Values are nested more than {MostLevels} levels deep.");
        }

        if (++values > MostValues)
        {
            throw Error($"There are more than {MostValues} values.");
        }

        switch (Next)
        {
            case '{':
                return ReadObject(level);
            case '[':
                return ReadArray(level);
            case '"':
                return JsonValue.OfString(ReadString());
            case 'n':
                Expect("null"u8);
                return JsonValue.Null;
            case 't':
                Expect("true"u8);
                return JsonValue.True;
            case 'f':
                Expect("false"u8);
                return JsonValue.False;
            default:
                return ReadNumber();
        }
    }

    private JsonValue ReadObject(int level)
    {
        var members = new List<KeyValuePair<string, JsonValue>>();
        at++;
        SkipSpace();
        if (Take('}'))
        {
            return JsonValue.OfObject(members);
        }

        while (true)
        {
            if (Next != '"')
            {
                throw Error("Missing a name for object member.");
            }

            var name = ReadString();
            SkipSpace();
            if (!Take(':'))
            {
                throw Error("Missing a colon after a name of object member.");
            }

            SkipSpace();
            members.Add(new(name, ReadValue(level + 1)));
            SkipSpace();
            if (Take('}'))
            {
                return JsonValue.OfObject(members);
            }

            if (!Take(','))
            {
                throw Error("Missing a comma or } after an object member.");
            }

            SkipSpace();
        }
    }

    private JsonValue ReadArray(int level)
    {
        var items = new List<JsonValue>();
        at++;
        SkipSpace();
        if (Take(']'))
        {
            return JsonValue.OfArray(items);
        }

        while (true)
        {
            items.Add(ReadValue(level + 1));
            SkipSpace();
            if (Take(']'))
            {
                return JsonValue.OfArray(items);
            }

            if (!Take(','))
            {
                throw Error("Missing a comma or ] after an array element.");
            }

            SkipSpace();
        }
    }

    private string ReadString()
    {
        at++;
        var start = at;
        StringBuilder? unescaped = null;
        while (true)
        {
            var length = text[at..].IndexOfAny(StringEnds);
            if (length < 0)
            {
                at = text.Length;
                throw Error("Missing a closing quotation mark in string.");
            }

            at += length;
            var end = text[at];
            if (end < 0x20)
            {
                throw Error(end == 0 ? "Missing a closing quotation mark in string." : "Invalid encoding in string.");
            }

            var plain = Decode(start, at);
            if (end == '"')
            {
                at++;
                return unescaped is null ? plain : unescaped.Append(plain).ToString();
            }

            unescaped = (unescaped ?? new StringBuilder()).Append(plain).Append(ReadEscape());
            start = at;
        }
    }

    private readonly string Decode(int start, int end)
    {
        try
        {
            return Strict.GetString(text[start..end]);
        }
        catch (DecoderFallbackException e)
        {
            throw new JsonSyntaxException("Invalid encoding in string.", start + Math.Max(0, e.Index));
        }
    }

    private string ReadEscape()
    {
        var begin = at++;
        var kind = Next;
        at++;
        switch (kind)
        {
            case '"' or '\\' or '/':
                return ((char)kind).ToString();
            case 'b':
                return "\b";
            case 'f':
                return "\f";
            case 'n':
                return "\n";
            case 'r':
                return "\r";
            case 't':
                return "\t";
            case 'u':
                var unit = ReadUnit(begin);
                if (!char.IsSurrogate(unit))
                {
                    return unit.ToString();
                }

                if (char.IsHighSurrogate(unit) && text[at..].StartsWith("\\u"u8))
                {
                    at += 2;
                    var low = ReadUnit(begin);
                    if (char.IsLowSurrogate(low))
                    {
                        return new string([unit, low]);
                    }
                }

                throw new JsonSyntaxException("The surrogate pair in string is invalid.", begin);
            default:
                throw new JsonSyntaxException("Invalid escape character in string.", begin);
        }
    }

    private char ReadUnit(int escape)
    {
        if (text.Length - at < 4 || !ushort.TryParse(text.Slice(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
        {
            throw new JsonSyntaxException("Incorrect hex digit after \\u escape in string.", escape);
        }

        at += 4;
        return (char)unit;
    }

    private JsonValue ReadNumber()
    {
        var start = at;
        Take('-');
        if (Next is 'N' or 'I')
        {
            Expect(Next == 'N' ? "NaN"u8 : "Inf"u8);
            if (Next == 'i')
            {
                Expect("inity"u8);
            }

            return JsonValue.OfNumber(text[start] == 'N' || text[start + 1] == 'N' ? "NaN" : text[start] == '-' ? "-Infinity" : "Infinity");
        }

        if (!Take('0') && !TakeDigits())
        {
            throw Error("Invalid value.");
        }

        if (Take('.') && !TakeDigits())
        {
            throw Error("Miss fraction part in number.");
        }

        if (Take('e') || Take('E'))
        {
            _ = Take('+') || Take('-');
            if (!TakeDigits())
            {
                throw Error("Miss exponent in number.");
            }
        }

        var token = Encoding.ASCII.GetString(text[start..at]);
        return double.IsFinite(double.Parse(token, CultureInfo.InvariantCulture))
            ? JsonValue.OfNumber(token)
            : throw new JsonSyntaxException("Number too big to be stored in double.", start);
    }

    private bool TakeDigits()
    {
        var start = at;
        while (char.IsAsciiDigit((char)Next))
        {
            at++;
        }

        return at > start;
    }

    private bool Take(char expected)
    {
        if (Next != expected)
        {
            return false;
        }

        at++;
        return true;
    }

    private void Expect(ReadOnlySpan<byte> word)
    {
        foreach (var letter in word)
        {
            if (Next != letter)
            {
                throw Error("Invalid value.");
            }

            at++;
        }
    }

    private void SkipSpace()
    {
        while (Next is ' ' or '\n' or '\r' or '\t')
        {
            at++;
        }
    }

    private readonly JsonSyntaxException Error(string reason) => new(reason, at);
}
