using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Beret.Server.Json;

/// <summary>A JSON value that a client sent.</summary>
internal sealed class JsonValue
{
    private const int MostShown = 1000;

    private readonly object? content;

    private JsonValue(JsonKind kind, object? content)
    {
        Kind = kind;
        this.content = content;
    }

    public static JsonValue Null { get; } = new(JsonKind.Null, null);

    public static JsonValue True { get; } = new(JsonKind.True, null);

    public static JsonValue False { get; } = new(JsonKind.False, null);

    public JsonKind Kind { get; }

    public bool IsBoolean => Kind is JsonKind.True or JsonKind.False;

    /// <summary>The characters of a string, or of a number as it was written (NaN and Infinity among them).</summary>
    public string Text => (string)content!;

    /// <summary>The elements of an array.</summary>
    public IReadOnlyList<JsonValue> Items => (IReadOnlyList<JsonValue>)content!;

    /// <summary>The members of an object, in their order.</summary>
    public IReadOnlyList<KeyValuePair<string, JsonValue>> Members => (IReadOnlyList<KeyValuePair<string, JsonValue>>)content!;

    /// <summary>A member of an object, the first of that name; null where there is none, and where this is no object.</summary>
    public JsonValue? this[string name]
    {
        get
        {
            if (Kind == JsonKind.Object)
            {
                foreach (var member in Members)
                {
                    if (member.Key == name)
                    {
                        return member.Value;
                    }
                }
            }

            return null;
        }
    }

    public static JsonValue OfString(string text) => new(JsonKind.String, text);

    public static JsonValue OfNumber(string token) => new(JsonKind.Number, token);

    public static JsonValue OfArray(List<JsonValue> items) => new(JsonKind.Array, items);

    public static JsonValue OfObject(List<KeyValuePair<string, JsonValue>> members) => new(JsonKind.Object, members);

    /// <summary>The whole number, where this is one.</summary>
    public bool TryGetInteger(out long value)
    {
        value = 0;
        return Kind == JsonKind.Number && long.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>The value as RapidJSON prints it over several lines, for messages; cut where it is long.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text, 0);
        return text.Length <= MostShown ? text.ToString() : $"{text.ToString(0, char.IsHighSurrogate(text[MostShown - 1]) ? MostShown - 1 : MostShown)}…";
    }

    private void Write(StringBuilder text, int depth)
    {
        if (text.Length > MostShown)
        {
            return;
        }

        switch (Kind)
        {
            case JsonKind.Array:
                WriteAll(text, depth, '[', ']', Items, static (item, text, depth) => item.Write(text, depth));
                break;
            case JsonKind.Object:
                WriteAll(text, depth, '{', '}', Members, static (member, text, depth) =>
                {
                    WriteString(text, member.Key);
                    text.Append(": ");
                    member.Value.Write(text, depth);
                });
                break;
            case JsonKind.String:
                WriteString(text, Text);
                break;
            case JsonKind.Number:
                text.Append(Text);
                break;
            default:
                text.Append(Kind switch { JsonKind.True => "true", JsonKind.False => "false", _ => "null" });
                break;
        }
    }

    private static void WriteAll<T>(StringBuilder text, int depth, char open, char close, IReadOnlyList<T> parts, Action<T, StringBuilder, int> write)
    {
        text.Append(open);
        for (var i = 0; i < parts.Count && text.Length <= MostShown; i++)
        {
            text.Append(i == 0 ? "\n" : ",\n").Append(' ', 4 * (depth + 1));
            write(parts[i], text, depth + 1);
        }

        if (parts.Count > 0)
        {
            text.Append('\n').Append(' ', 4 * depth);
        }

        text.Append(close);
    }

    private static void WriteString(StringBuilder text, string value)
    {
        var shown = value.Length <= MostShown ? value : value[..MostShown];
        text.Append('"').Append(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(shown)).Append('"');
    }
}
