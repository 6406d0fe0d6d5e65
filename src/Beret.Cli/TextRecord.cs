using System.Text.Json;
using Beret.Data;

namespace Beret.Cli;

/// <summary>A line of JSON with a text or a pair of texts. Other keys are left alone.</summary>
internal readonly record struct TextRecord(string Text, string? Pair)
{
    /// <summary>Null for an empty line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="input">What messages call the file.</param>
    /// <param name="otherwise">What else the lines could be, for a message.</param>
    /// <exception cref="DataException">The line is not such an object.</exception>
    public static TextRecord? Parse(string line, long number, string input = "standard input", string otherwise = " (or --plain for lines that are texts)")
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
                throw Wrong("it is no JSON object; {\"text\": …} is wanted" + otherwise);
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

        DataException Wrong(string what) => new($"{input}, line {number}: {what}");
    }
}
