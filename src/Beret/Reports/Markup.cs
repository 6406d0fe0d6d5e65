using System.Globalization;
using System.Text;

namespace Beret.Reports;

/// <summary>Text that is markup already and must not be escaped again.</summary>
internal readonly record struct Verbatim(string Text);

/// <summary>
/// Builds HTML or SVG from interpolated strings. Whatever is interpolated is escaped, unless it is <see cref="Verbatim"/>: to forget escaping is not
/// possible.
/// Numbers are written in the invariant culture, doubles with at most two decimals.
/// </summary>
internal sealed class Markup : IFormatProvider, ICustomFormatter
{
    private readonly StringBuilder text = new();

    public Markup Line(FormattableString markup)
    {
        text.Append(markup.ToString(this)).Append('\n');
        return this;
    }

    public Markup Raw(string markup)
    {
        text.Append(markup);
        return this;
    }

    public override string ToString() => text.ToString();

    object? IFormatProvider.GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : null;

    string ICustomFormatter.Format(string? format, object? argument, IFormatProvider? provider) => argument switch
    {
        null => "",
        Verbatim verbatim => verbatim.Text,
        double number => Number(number, format),
        IFormattable other => Escape(other.ToString(format, CultureInfo.InvariantCulture)),
        _ => Escape(argument.ToString() ?? ""),
    };

    /// <summary>A number as SVG and CSS read it.</summary>
    private static string Number(double value, string? format)
    {
        var text = value.ToString(format ?? "0.##", CultureInfo.InvariantCulture);
        return text == "-0" ? "0" : text;
    }

    /// <summary>
    /// The text as character data or as an attribute's value, in HTML and in XML. What XML 1.0 cannot hold (control characters, lone surrogates)
    /// becomes U+FFFD; direction overrides
    /// become visible, lest they turn around what follows.
    /// </summary>
    public static string Escape(string text)
    {
        var result = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '&' => result.Append("&amp;"),
                '<' => result.Append("&lt;"),
                '>' => result.Append("&gt;"),
                '"' => result.Append("&quot;"),
                '\'' => result.Append("&#39;"),
                '\t' or '\n' => result.Append((char)rune.Value),
                '\r' => result.Append("&#13;"),
                < 0x20 or (>= 0x7F and <= 0x9F) or 0xFFFE or 0xFFFF or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) => result.Append('\uFFFD'),
                _ => result.Append(rune.ToString()),
            };
        }

        return result.ToString();
    }
}
