using System.Text.Json;

namespace Beret.Data;

/// <summary>A line of JSON with a text or a pair of texts. Other keys are left alone.</summary>
/// <param name="Text">The text.</param>
/// <param name="Pair">The second text, or null.</param>
public readonly record struct TextRecord(string Text, string? Pair)
{
    /// <summary>Reads a line; null for an empty one.</summary>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number, for messages.</param>
    /// <param name="name">What messages call the lines.</param>
    /// <exception cref="DataException">The line is not such an object.</exception>
    public static TextRecord? Parse(string line, long number, string name = "standard input")
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw Wrong("it is no JSON object; {\"text\": …} is wanted");
            }

            return new TextRecord(
                root.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : throw Wrong("\"text\" is missing, or no string"),
                !root.TryGetProperty("pair", out var pair) || pair.ValueKind == JsonValueKind.Null ? null
                    : pair.ValueKind == JsonValueKind.String ? pair.GetString() : throw Wrong("\"pair\" is no string"));
        }
        catch (JsonException error)
        {
            throw Wrong($"it is not valid JSON: {error.Message}");
        }
        catch (InvalidOperationException)
        {
            throw Wrong("a text holds half of a surrogate pair, which is no character");
        }

        DataException Wrong(string what) => new($"{name}, line {number}: {what}");
    }
}
