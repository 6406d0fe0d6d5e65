using System.Globalization;
using System.Text;
using System.Text.Json;
using Beret.Parity;
using Beret.Training;

namespace Beret.Cli;

/// <summary>The rows of a parity check, to read and for machines.</summary>
internal static class ParityTable
{
    public static string Text(IReadOnlyList<ParityRow> rows, Func<string, string> emphasis)
    {
        var width = Math.Max(6, rows.Select(row => Shown(row.Name).Length).DefaultIfEmpty().Max());
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{"tensor".PadRight(width)}  {"elements",12}  {"left out",9}  {"max abs",9}  {"max rel",9}  {"allowed",9}\n");
        foreach (var row in rows)
        {
            text.Append(Shown(row.Name).PadRight(width));
            if (!row.IsCompared)
            {
                text.Append("  NOT COMPARED: ").Append(Shown(row.Note)).Append('\n');
                continue;
            }

            text.Append(CultureInfo.InvariantCulture, $"  {row.Elements,12}  {row.LeftOut,9}  {row.LargestDifference,9:0.00e+00}  {row.RelativeDifference,9:0.00e+00}  {row.Allowed,9:0.00e+00}  ");
            text.Append(row.Passes ? "ok" : emphasis("FAILED")).Append(row.Remark.Length > 0 ? $": {Shown(row.Remark)}" : "").Append('\n');
        }

        var compared = rows.Count(row => row.IsCompared);
        text.Append(CultureInfo.InvariantCulture, $"\n{compared} tensors compared, {rows.Count(row => !row.Passes)} failed, {rows.Count - compared} not compared\n");
        return text.ToString();
    }

    public static string Json(IReadOnlyList<ParityRow> rows)
    {
        return JsonText.Indented(json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("passed", rows.All(row => row.Passes) && rows.Any(row => row.IsCompared));
            json.WriteNumber("compared", rows.Count(row => row.IsCompared));
            json.WriteNumber("failed", rows.Count(row => !row.Passes));
            json.WriteNumber("not_compared", rows.Count(row => !row.IsCompared));
            json.WriteStartArray("tensors");
            foreach (var row in rows)
            {
                json.WriteStartObject();
                json.WriteString("name", row.Name);
                json.WriteString("result", !row.IsCompared ? "not compared" : row.Passes ? "ok" : "failed");
                if (row.IsCompared)
                {
                    json.WriteNumber("elements", row.Elements);
                    json.WriteNumber("left_out", row.LeftOut);
                    WriteNumber(json, "max_abs", row.LargestDifference);
                    WriteNumber(json, "max_rel", row.RelativeDifference);
                    json.WriteNumber("allowed", row.Allowed);
                }

                if (row.Note.Length + row.Remark.Length > 0)
                {
                    json.WriteString("note", row.Note.Length > 0 ? row.Note : row.Remark);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }) + "\n";
    }

    // JSON has no infinity: null, and "failed" says the rest.
    private static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>Names come from a file: no control character of theirs reaches the terminal.</summary>
    private static string Shown(string name) => string.Concat(name.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? $"\\u{(int)c:x4}" : c.ToString()));
}
