using System.Globalization;
using System.Text;
using Beret.Server.Json;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>Tensors of strings from JSON, and what is wrong with them in TensorFlow Serving's words.</summary>
internal static class TensorFlowStrings
{
    /// <summary>Whether a value is <c>{"b64": …}</c>: a string as bytes.</summary>
    public static bool IsBase64(JsonValue value) => value is { Kind: JsonKind.Object, Members: [{ Key: "b64", Value.Kind: JsonKind.String }] };

    /// <summary>
    /// The texts of a tensor in its natural nesting. The model takes a vector; of a single text, and of a column of one, it is clear what is meant.
    /// </summary>
    /// <exception cref="ServingException">It is no tensor of strings, or has another shape.</exception>
    public static List<string> Read(JsonValue value)
    {
        var shape = ShapeOf(value);
        var texts = new List<string>();
        Fill(value, 0, shape, texts);
        return shape.Count is 0 or 1 || (shape.Count == 2 && shape[1] == 1)
            ? texts
            : throw ServingException.Invalid($"input must be a vector of strings, got shape: {Show(shape)}");
    }

    /// <summary>The shape of a tensor, told by the first element of each level.</summary>
    public static List<int> ShapeOf(JsonValue value)
    {
        var shape = new List<int>();
        while (value.Kind == JsonKind.Array)
        {
            shape.Add(value.Items.Count);
            if (value.Items.Count == 0)
            {
                break;
            }

            value = value.Items[0];
        }

        return shape;
    }

    public static string Show(IReadOnlyList<int> shape) => $"[{string.Join(',', shape)}]";

    /// <summary>The text of a string, or of bytes; what of these is not UTF-8 becomes U+FFFD, as in TensorFlow's own preprocessing.</summary>
    /// <exception cref="ServingException">It is neither.</exception>
    public static string Text(JsonValue value)
    {
        if (value.Kind == JsonKind.String)
        {
            return value.Text;
        }

        if (value.Kind != JsonKind.Object)
        {
            throw ServingException.Invalid($"JSON Value: {value} Type: {value.Kind} is not of expected type: string");
        }

        return IsBase64(value)
            ? Encoding.UTF8.GetString(Decode(value["b64"]!.Text) ?? throw ServingException.Invalid("Unable to base64 decode"))
            : throw ServingException.Invalid($"JSON Value: {value} not formatted correctly for base64 data");
    }

    private static void Fill(JsonValue value, int level, List<int> shape, List<string> texts)
    {
        if (value.Kind != JsonKind.Array)
        {
            if (level != shape.Count)
            {
                throw ServingException.Invalid(string.Create(
                    CultureInfo.InvariantCulture, $"JSON Value: {value} found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {shape.Count}"));
            }

            texts.Add(Text(value));
            return;
        }

        if (level >= shape.Count)
        {
            throw ServingException.Invalid($"Encountered list at unexpected level: {level} expected < {shape.Count}");
        }

        if (value.Items.Count != shape[level])
        {
            throw ServingException.Invalid($"Encountered list at unexpected size: {value.Items.Count} at level: {level} expected size: {shape[level]}");
        }

        foreach (var item in value.Items)
        {
            Fill(item, level + 1, shape, texts);
        }
    }

    /// <summary>Bytes in base 64, with or without the padding.</summary>
    private static byte[]? Decode(string text)
    {
        var padded = text.Length % 4 == 0 ? text : text.PadRight(text.Length + 4 - text.Length % 4, '=');
        var bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64String(padded, bytes, out var count) ? bytes[..count] : null;
    }
}
