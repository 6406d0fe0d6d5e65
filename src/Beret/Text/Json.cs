using System.Text.Json;

namespace Beret.Text;

/// <summary>Reading and writing JSON, with errors that name the file and the key.</summary>
internal static class Json
{
    /// <summary>Reads a file whose top level is an object.</summary>
    /// <exception cref="TokenizerException">It cannot be read or is no JSON object.</exception>
    public static JsonDocument Parse(string path)
    {
        try
        {
            var document = JsonDocument.Parse(Vocabulary.ReadFile(path));
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            throw new TokenizerException($"{path} does not hold a JSON object");
        }
        catch (JsonException e)
        {
            throw new TokenizerException($"{path} is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>Writes an indented file.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Write(string path, Action<Utf8JsonWriter> content)
    {
        using var stream = File.Create(path);
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            content(json);
        }

        stream.WriteByte((byte)'\n');
    }

    public static bool Boolean(JsonElement value, string path, string key) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(path, key, "true or false", value),
    };

    public static string String(JsonElement value, string path, string key)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Wrong(path, key, "a string", value);
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // A lone surrogate written as an escape.
            throw new TokenizerException($"{path}: {key} is not valid Unicode", e);
        }
    }

    public static int Int(JsonElement value, string path, string key) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Wrong(path, key, "a whole number", value);

    public static JsonElement.ObjectEnumerator Object(JsonElement value, string path, string key) =>
        value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : throw Wrong(path, key, "an object", value);

    public static JsonElement.ArrayEnumerator Array(JsonElement value, string path, string key) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(path, key, "an array", value);

    public static JsonElement Property(JsonElement value, string key, string path) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(key, out var found)
            ? found
            : throw new TokenizerException($"{path}: {key} is missing");

    /// <summary>A text as messages show it.</summary>
    public static string Quote(string text) => text.Length > 200 ? $"\"{text[..200]}…\"" : $"\"{text}\"";

    private static TokenizerException Wrong(string path, string key, string expected, JsonElement value) =>
        new($"{path}: {key} must be {expected}, not {value.ValueKind.ToString().ToLowerInvariant()}");
}
