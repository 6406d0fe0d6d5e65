using System.Text.Json;

namespace Beret.Evaluation;

/// <summary>Figures in JSON, which has no infinity and nothing that is no number: null.</summary>
internal static class JsonFigure
{
    /// <summary>Writes a member of the object under way.</summary>
    public static void Write(Utf8JsonWriter writer, string key, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            writer.WriteNumber(key, number);
        }
        else
        {
            writer.WriteNull(key);
        }
    }

    /// <summary>A member of an object; null where it is no number.</summary>
    /// <exception cref="KeyNotFoundException">There is no such member.</exception>
    public static double? Read(JsonElement json, string key) => json.GetProperty(key) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;
}
