using Beret.Evaluation;

namespace Beret.Reports;

/// <summary>About how wide a text is in a sans-serif font: a drawing made without a font has to guess, a little on the wide side.</summary>
internal static class TextWidth
{
    /// <summary>The width in pixels at a font size in pixels.</summary>
    public static double Of(string text, double fontSize)
    {
        double units = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            units += rune.Value switch
            {
                'i' or 'j' or 'l' or 'I' or '.' or ',' or ':' or ';' or '\'' or '|' or '!' or ' ' => 0.33,
                'f' or 't' or 'r' or '(' or ')' or '[' or ']' or '/' or '-' => 0.42,
                'm' or 'w' or 'M' or 'W' => 0.88,
                >= 'A' and <= 'Z' => 0.7,
                < 0x2E80 => 0.63,
                _ => 0.5 * TextTable.Width(rune.ToString()) + 0.05,
            };
        }

        return units * fontSize;
    }

    /// <summary>The text, cut with an ellipsis to fit a width.</summary>
    public static string Fit(string text, double fontSize, double width)
    {
        if (Of(text, fontSize) <= width)
        {
            return text;
        }

        // A name longer than this never fits; it is cut first, so that a hostile one costs nothing.
        var runes = text.EnumerateRunes().Take(200).Select(rune => rune.ToString()).ToList();
        while (runes.Count > 0 && Of(string.Concat(runes) + "…", fontSize) > width)
        {
            runes.RemoveAt(runes.Count - 1);
        }

        return string.Concat(runes) + "…";
    }
}
