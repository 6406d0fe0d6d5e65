using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>
/// Floats as TensorFlow Serving prints them: six digits where they are enough to read the same float again, otherwise nine; whole numbers with <c>.0</c>, so that no client takes a
/// list for one of integers; NaN and the infinities as JavaScript writes them.
/// </summary>
internal static class TensorFlowNumber
{
    public static string Format(float value)
    {
        if (!float.IsFinite(value))
        {
            return float.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        var text = value.ToString("G6", CultureInfo.InvariantCulture);
        if (float.Parse(text, CultureInfo.InvariantCulture) != value)
        {
            text = value.ToString("G9", CultureInfo.InvariantCulture);
        }

        text = text.Replace('E', 'e');
        return text.Contains('.', StringComparison.Ordinal) || text.Contains('e', StringComparison.Ordinal) ? text : $"{text}.0";
    }

    public static void Write(Utf8JsonWriter json, float value) => json.WriteRawValue(Encoding.ASCII.GetBytes(Format(value)), skipInputValidation: true);
}
