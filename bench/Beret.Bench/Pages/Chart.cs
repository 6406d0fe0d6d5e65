using Beret.Reports;

namespace Beret.Bench.Pages;

/// <summary>What the charts have in common: a card with a title that follows the reader's light or dark setting, and is light where the viewer knows none.</summary>
internal static class Chart
{
    public const double Width = 760;
    public const double Margin = 20;

    // Presentation attributes give the light colours to every viewer; the style sheet gives the dark ones to those that know media queries.
    private const string DarkStyle =
        """
        <style>
        @media (prefers-color-scheme: dark) {
        .background { fill: #0d1117; }
        .strong { fill: #e6edf3; }
        .quiet { fill: #9198a1; }
        .above { stroke: #0d1117; }
        .grid { stroke: #262c36; }
        .axis { stroke: #6e7681; }
        .ours { fill: #4493f8; }
        .ours-narrow { fill: #a5d6ff; }
        .other { fill: #6e7681; }
        .other-narrow { fill: #b1bac4; }
        .first-line { stroke: #79c0ff; }
        .second-line { stroke: #ff7b72; }
        .third-line { stroke: #56d364; }
        .first-mark { fill: #79c0ff; }
        .second-mark { fill: #ff7b72; }
        .third-mark { fill: #56d364; }
        }
        </style>

        """;

    /// <summary>The card with its heading; the caller closes the document.</summary>
    public static Markup Begin(double height, string title, string subtitle)
    {
        var svg = new Markup();
        svg.Line($"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img" aria-labelledby="title" """);
        svg.Line($"""font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif" font-size="13">""");
        svg.Line($"""<title id="title">{title}</title>""");
        svg.Raw(DarkStyle);
        svg.Line($"""<rect class="background" width="{Width}" height="{height}" rx="8" fill="#ffffff"/>""");
        svg.Line($"""<text class="strong" x="{Margin}" y="28" font-size="15" font-weight="600" fill="#1f2328">{title}</text>""");
        svg.Line($"""<text class="quiet" x="{Margin}" y="47" fill="#59636e">{subtitle}</text>""");
        return svg;
    }

    public static void Text(Markup svg, double x, double y, string text, string anchor = "start", bool isStrong = false, bool isAboveLines = false)
    {
        var (name, colour) = isStrong ? ("strong", "#1f2328") : ("quiet", "#59636e");
        var (halo, edge) = isAboveLines ? (" above", """ stroke="#ffffff" stroke-width="4" paint-order="stroke" """) : ("", "");
        svg.Line($"""<text class="{name}{halo}" x="{x}" y="{y}" text-anchor="{anchor}" fill="{colour}"{new Verbatim(edge)}>{text}</text>""");
    }

    public static void Line(Markup svg, double x1, double y1, double x2, double y2, bool isAxis = false, bool isDashed = false)
    {
        var (name, colour) = isAxis ? ("axis", "#818b98") : ("grid", "#e4e8ec");
        var dashes = isDashed ? """ stroke-dasharray="5 4" """ : "";
        svg.Line($"""<line class="{name}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{new Verbatim(dashes)}/>""");
    }
}
