using System.Globalization;
using System.Text;

namespace Beret.Reports;

/// <summary>
/// The tutorial's figure: training and validation loss above, training and validation accuracy below, over the epochs; training red, validation blue.
/// One standalone SVG
/// document that follows the reader's light or dark setting, where the viewer knows it, and is light where it does not.
/// </summary>
public static class CurvesSvg
{
    private const double Left = 58, Right = 20, PlotHeight = 200, FootHeight = 30, Gap = 18, Inset = 10;

    // Presentation attributes give the light colours to every viewer; the style sheet gives the dark ones to those that know media queries.
    private const string DarkStyle =
        """
        <style>
        @media (prefers-color-scheme: dark) {
        .beret-curves .background { fill: #0d1117; }
        .beret-curves .strong { fill: #e6edf3; }
        .beret-curves .quiet { fill: #9198a1; }
        .beret-curves .grid { stroke: #262c36; }
        .beret-curves .axis { stroke: #6e7681; }
        .beret-curves .training { stroke: #ff7b72; }
        .beret-curves .validation { stroke: #79c0ff; }
        .beret-curves .training-mark { fill: #ff7b72; stroke: #0d1117; }
        .beret-curves .validation-mark { fill: #79c0ff; stroke: #0d1117; }
        }
        </style>

        """;

    /// <summary>Draws the curves of a run.</summary>
    /// <param name="history">What happened; with nothing in it the axes are empty and the figure says so.</param>
    /// <param name="title">The document's title, read out by screen readers.</param>
    /// <returns>An SVG document of 760 × 600 units that scales to its container; it may be put into HTML as it is, once a page.</returns>
    public static string Render(TrainingHistory history, string title = "Training curves") => Render(history, title, width: 760, name: "beret-curves");

    /// <summary>The figure at another width; below 600 units the legend gets a row of its own, for a phone.</summary>
    /// <param name="history">What happened.</param>
    /// <param name="title">The document's title.</param>
    /// <param name="width">The width in units.</param>
    /// <param name="name">The beginning of its ids, for two figures on one page must not share them.</param>
    internal static string Render(TrainingHistory history, string title, double width, string name)
    {
        ArgumentNullException.ThrowIfNull(history);
        var narrow = width < 600;
        var plots = CurvePlot.From(history, finePoints: (int)(width / 4.75), horizontalTicks: narrow ? 5 : 10, verticalTicks: 8);
        var titleHeight = narrow ? 68 : 46;
        var height = plots.Length * (titleHeight + PlotHeight + FootHeight) + (plots.Length - 1) * Gap + 24;
        var svg = new Markup();
        svg.Line($"""<svg xmlns="http://www.w3.org/2000/svg" class="beret-curves" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="{name}-title {name}-description" """);
        svg.Line($"""font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif" font-size="13">""");
        svg.Line($"""<title id="{name}-title">{title}</title>""");
        svg.Line($"""<desc id="{name}-description">{Describe(plots)}</desc>""");
        svg.Raw(DarkStyle);
        svg.Line($"""<rect class="background" width="{width}" height="{height}" rx="8" fill="#ffffff"/>""");
        double top = 0;
        foreach (var plot in plots)
        {
            Draw(svg, plot, width, top, titleHeight);
            Legend(svg, plot, width - Right, top + (narrow ? 52 : 28));
            top += titleHeight + PlotHeight + FootHeight + Gap;
        }

        var label = plots.Any(plot => plot.Fine.Length > 1) ? "epoch (thin line: training, within epochs)" : "epoch";
        svg.Line($"""<text class="quiet" x="{(Left + width - Right) / 2}" y="{height - 12}" text-anchor="middle" fill="#59636e">{label}</text>""");
        svg.Raw("</svg>\n");
        return svg.ToString();
    }

    private static void Draw(Markup svg, CurvePlot plot, double width, double top, double titleHeight)
    {
        double y0 = top + titleHeight + PlotHeight, x0 = Left, x1 = width - Right;
        double X(double value) => x0 + Inset + plot.Horizontal.Position(value) * (x1 - x0 - 2 * Inset);
        double Y(double value) => y0 - plot.Vertical.Position(value) * PlotHeight;

        svg.Line($"""<text class="strong" x="{x0}" y="{top + 28}" font-size="15" font-weight="600" fill="#1f2328">{plot.Title}</text>""");
        foreach (var tick in plot.Vertical.Ticks)
        {
            svg.Line($"""<line class="grid" x1="{x0}" y1="{Y(tick)}" x2="{x1}" y2="{Y(tick)}" stroke="#e4e8ec"/>""");
            svg.Line($"""<text class="quiet" x="{x0 - 8}" y="{Y(tick) + 4.5}" text-anchor="end" fill="#59636e">{plot.Vertical.Label(tick)}</text>""");
        }

        svg.Line($"""<line class="axis" x1="{x0}" y1="{y0}" x2="{x1}" y2="{y0}" stroke="#818b98"/>""");
        foreach (var tick in plot.Horizontal.Ticks)
        {
            svg.Line($"""<line class="axis" x1="{X(tick)}" y1="{y0}" x2="{X(tick)}" y2="{y0 + 5}" stroke="#818b98"/>""");
            svg.Line($"""<text class="quiet" x="{X(tick)}" y="{y0 + 20}" text-anchor="middle" fill="#59636e">{plot.Horizontal.Label(tick)}</text>""");
        }

        if (plot.Training.Length + plot.Fine.Length + plot.Validation.Length == 0)
        {
            svg.Line($"""<text class="quiet" x="{(x0 + x1) / 2}" y="{y0 - PlotHeight / 2}" text-anchor="middle" fill="#59636e">no epoch has been finished yet</text>""");
            return;
        }

        Path(svg, "training", "#c8321f", plot.Fine, X, Y, """stroke-width="1.2" stroke-opacity="0.5" """);
        Path(svg, "training", "#c8321f", plot.Training, X, Y, """stroke-width="2" """);
        Path(svg, "validation", "#1766c2", plot.Validation, X, Y, """stroke-width="2" """);
        foreach (var point in plot.Training.Where(p => double.IsFinite(p.Y)))
        {
            svg.Line($"""<circle class="training-mark" cx="{X(point.X)}" cy="{Y(point.Y)}" r="4" opacity="{Opacity(plot.Training)}" fill="#c8321f" stroke="#ffffff">""");
            svg.Line($"""<title>{Tip("training", plot, point)}</title></circle>""");
        }

        foreach (var point in plot.Validation.Where(p => double.IsFinite(p.Y)))
        {
            svg.Line($"""<rect class="validation-mark" x="{X(point.X) - 4}" y="{Y(point.Y) - 4}" width="8" height="8" opacity="{Opacity(plot.Validation)}" """);
            svg.Line($"""fill="#1766c2" stroke="#ffffff"><title>{Tip("validation", plot, point)}</title></rect>""");
        }
    }

    /// <summary>The legend stands above the plot, flush right, where no curve can pass; with each curve's last value.</summary>
    private static void Legend(Markup svg, CurvePlot plot, double right, double baseline)
    {
        var validation = Last(plot.Validation);
        if (validation is not null)
        {
            var label = $"validation {validation}";
            var x = right - TextWidth.Of(label, 13);
            svg.Line($"""<text class="strong" x="{right}" y="{baseline}" text-anchor="end" fill="#1f2328">{label}</text>""");
            svg.Line($"""<line class="validation" x1="{x - 30}" y1="{baseline - 4.5}" x2="{x - 6}" y2="{baseline - 4.5}" stroke="#1766c2" stroke-width="2"/>""");
            svg.Line($"""<rect class="validation-mark" x="{x - 22}" y="{baseline - 8.5}" width="8" height="8" fill="#1766c2" stroke="#ffffff"/>""");
            right = x - 46;
        }

        if ((Last(plot.Training) ?? Last(plot.Fine)) is { } training)
        {
            var label = $"training {training}";
            var x = right - TextWidth.Of(label, 13);
            svg.Line($"""<text class="strong" x="{right}" y="{baseline}" text-anchor="end" fill="#1f2328">{label}</text>""");
            svg.Line($"""<line class="training" x1="{x - 30}" y1="{baseline - 4.5}" x2="{x - 6}" y2="{baseline - 4.5}" stroke="#c8321f" stroke-width="2"/>""");
            svg.Line($"""<circle class="training-mark" cx="{x - 18}" cy="{baseline - 4.5}" r="4" fill="#c8321f" stroke="#ffffff"/>""");
        }
    }

    private static void Path(Markup svg, string name, string colour, CurvePoint[] points, Func<double, double> x, Func<double, double> y, string attributes)
    {
        if (points.Length < 2)
        {
            return;
        }

        var path = new StringBuilder();
        var pen = 'M';
        foreach (var point in points)
        {
            if (!double.IsFinite(point.Y))
            {
                pen = 'M';
                continue;
            }

            path.Append(CultureInfo.InvariantCulture, $"{pen}{x(point.X):0.##} {y(point.Y):0.##}");
            pen = 'L';
        }

        svg.Line($"""<path class="{name}" d="{path}" fill="none" stroke="{colour}" stroke-linejoin="round" stroke-linecap="round" {new Verbatim(attributes)}/>""");
    }

    /// <summary>Where marks would run into each other they are not seen, but still answer the pointer with their values.</summary>
    private static int Opacity(CurvePoint[] points) => points.Length <= 30 ? 1 : 0;

    private static string? Last(CurvePoint[] points) => points.Length > 0 ? Figure(points[^1].Y) : null;

    private static string Figure(double value) => double.IsFinite(value) ? value.ToString("F4", CultureInfo.InvariantCulture) : "not finite";

    private static string Tip(string curve, CurvePlot plot, CurvePoint point) =>
        string.Create(CultureInfo.InvariantCulture, $"epoch {point.X:0.##}: {curve} {plot.Quantity} {Figure(point.Y)}");

    private static string Describe(CurvePlot[] plots)
    {
        var text = new StringBuilder("Two plots over the epochs.");
        foreach (var plot in plots)
        {
            text.Append(' ').Append(plot.Title).Append(':');
            foreach (var (name, points) in new[] { ("training", plot.Training), ("validation", plot.Validation) })
            {
                if (points.Length > 0)
                {
                    var (first, last) = (points[0], points[^1]);
                    text.Append(CultureInfo.InvariantCulture, $" {name} from {Figure(first.Y)} at epoch {first.X:0.##} to {Figure(last.Y)} at epoch {last.X:0.##}.");
                }
            }
        }

        return text.ToString();
    }
}
