using System.Globalization;
using System.Text;

namespace Beret.Evaluation;

/// <summary>
/// An aligned plain-text table: the first column to the left, the others to the right. Control characters in cells are shown, never sent to a
/// terminal.
/// </summary>
internal sealed class TextTable(IReadOnlyList<string> header)
{
    private readonly List<string[]> rows = [[.. header.Select(Printable)]];

    public void Add(IReadOnlyList<string> row) => rows.Add([.. row.Select(Printable)]);

    public override string ToString()
    {
        var widths = new int[rows[0].Length];
        foreach (var row in rows)
        {
            for (var column = 0; column < row.Length; column++)
            {
                widths[column] = Math.Max(widths[column], Width(row[column]));
            }
        }

        var text = new StringBuilder();
        foreach (var row in rows)
        {
            var line = new StringBuilder();
            for (var column = 0; column < row.Length; column++)
            {
                var padding = new string(' ', widths[column] - Width(row[column]));
                _ = column == 0 ? line.Append(row[column]).Append(padding) : line.Append("  ").Append(padding).Append(row[column]);
            }

            text.Append(line.ToString().TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>
    /// The text with control, format and line-breaking characters written as \uXXXX, so that a label can neither break the table nor command the
    /// terminal.
    /// </summary>
    public static string Printable(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                ? result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}")
                : result.Append(rune.ToString());
        }

        return result.ToString();
    }

    /// <summary>Columns that a terminal gives the text: none for combining marks, two for East Asian wide characters and emoji.</summary>
    public static int Width(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0
                : rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
                    or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD) ? 2
                : 1;
        }

        return width;
    }
}
