using System.Globalization;
using System.Text;

namespace Beret.Reports;

/// <summary>Foreign text as one line of Markdown or as a YAML scalar, so that it stays text.</summary>
internal static class Markdown
{
    /// <summary>
    /// The text on one line, for within a line or a table's cell: what Markdown, HTML or the table would read as its own is made literal.
    /// </summary>
    public static string Text(string text)
    {
        var result = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => result.Append("&amp;"),
                '<' => result.Append("&lt;"),
                '\n' or '\r' or '\t' or 0x2028 or 0x2029 => result.Append(' '),
                '\\' or '`' or '*' or '_' or '[' or ']' or '#' or '|' or '~' or '$' => result.Append('\\').Append((char)rune.Value),
                _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control => result.Append('\uFFFD'),
                (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) => result.Append('\uFFFD'),
                _ => result.Append(rune.ToString()),
            };
        }

        return result.ToString().Trim();
    }

    /// <summary>The text as a double-quoted YAML scalar.</summary>
    public static string YamlScalar(string text)
    {
        var result = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => result.Append("\\\""),
                '\\' => result.Append("\\\\"),
                < 0x20 or (>= 0x7F and <= 0x9F) or 0x2028 or 0x2029 or 0xFEFF or 0xFFFE or 0xFFFF => result.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => result.Append(rune.ToString()),
            };
        }

        return result.Append('"').ToString();
    }
}
