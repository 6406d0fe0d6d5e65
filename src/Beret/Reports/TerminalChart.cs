using System.Globalization;
using System.Text;
using Beret.Evaluation;

namespace Beret.Reports;

/// <summary>How a chart is drawn in a terminal.</summary>
public sealed record TerminalChartOptions
{
    /// <summary>Columns to fill at most; at least 40. From 60 on the two plots stand side by side, below that one under the other.</summary>
    public int Width { get; init; } = 72;

    /// <summary>Lines to fill; at least 8 side by side, 15 one under the other.</summary>
    public int Height { get; init; } = 16;

    /// <summary>Whether braille and box-drawing characters may be used; ASCII otherwise.</summary>
    public bool Unicode { get; init; } = true;

    /// <summary>Whether ANSI colours may be used: the caller knows whether it is a terminal and whether NO_COLOR is set.</summary>
    public bool Color { get; init; }
}

/// <summary>
/// The curves of a run as plain text. Training is a solid line with rings, validation a dotted line with discs, so that colour is not needed.
/// </summary>
public static class TerminalChart
{
    private const int SideBySideFrom = 60, Gutter = 2;

    /// <summary>Draws the loss and the metric of training and validation.</summary>
    /// <param name="history">What happened.</param>
    /// <param name="options">Size and means; 72 × 16, Unicode and no colour where not given.</param>
    /// <returns>Lines that end with a line feed, none wider than the width asked for.</returns>
    public static string Render(TrainingHistory history, TerminalChartOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(history);
        options ??= new TerminalChartOptions();
        var sideBySide = options.Width >= SideBySideFrom;
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width, 40);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Height, sideBySide ? 8 : 15);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Width, 1000);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Height, 1000);

        var legendHeight = 1;
        var panelWidth = sideBySide ? (options.Width - Gutter) / 2 : options.Width;
        var panelHeight = sideBySide ? options.Height - legendHeight : (options.Height - legendHeight) / 2;
        var plots = CurvePlot.From(history, finePoints: panelWidth, horizontalTicks: 5, verticalTicks: Math.Max(2, (panelHeight - 3) / 2));
        var panels = plots.Select(plot => Panel(plot, panelWidth, panelHeight, options)).ToArray();

        var text = new StringBuilder();
        if (sideBySide)
        {
            for (var row = 0; row < panelHeight; row++)
            {
                AppendLine(text, $"{panels[0][row].Text}{new string(' ', panelWidth - panels[0][row].Width + Gutter)}{panels[1][row].Text}");
            }
        }
        else
        {
            foreach (var line in panels.SelectMany(panel => panel))
            {
                AppendLine(text, line.Text);
            }
        }

        AppendLine(text, Legend(options));
        return text.ToString();
    }

    private static void AppendLine(StringBuilder text, string line) => text.Append(line.TrimEnd()).Append('\n');

    private static string Legend(TerminalChartOptions options)
    {
        var training = options.Unicode ? "──○── training" : "..o.. training";
        var validation = options.Unicode ? "┄┄●┄┄ validation" : ": x : validation";
        return options.Color
            ? $"  {TerminalRaster.TrainingColour}{training}{TerminalRaster.Reset}   {TerminalRaster.ValidationColour}{validation}{TerminalRaster.Reset}"
            : $"  {training}   {validation}";
    }

    /// <summary>
    /// A title, the plot with its ticks, the axis and its labels: exactly <paramref name="height"/> lines of at most <paramref name="width"/>
    /// columns.
    /// </summary>
    private static List<(string Text, int Width)> Panel(CurvePlot plot, int width, int height, TerminalChartOptions options)
    {
        var labels = plot.Vertical.Ticks.Select(plot.Vertical.Label).ToList();
        var labelWidth = labels.Count == 0 ? 1 : labels.Max(label => label.Length);
        int columns = width - labelWidth - 1, rows = height - 3;
        var raster = new TerminalRaster(columns, rows, options.Unicode);
        var marked = plot.Training.Length <= columns / 3;

        // Within epochs the finer curve is the line, and the epochs' means are its rings.
        Draw(raster, plot, plot.Fine.Length > 1 ? plot.Fine : plot.Training, validation: false);
        Draw(raster, plot, plot.Validation, validation: true);
        if (marked || plot.Training.Length == 1)
        {
            Mark(raster, plot, plot.Training, validation: false);
        }

        if (plot.Validation.Length <= columns / 3 || plot.Validation.Length == 1)
        {
            Mark(raster, plot, plot.Validation, validation: true);
        }

        var lines = new List<(string, int)>();
        var title = $"{new string(' ', labelWidth + 1)}{Heading(plot, columns)}";
        lines.Add((title, TextTable.Width(title)));
        var ticks = plot.Vertical.Ticks
            .GroupBy(tick => Math.Clamp((int)Math.Round((1 - plot.Vertical.Position(tick)) * (rows - 1)), 0, rows - 1))
            .ToDictionary(group => group.Key, group => plot.Vertical.Label(group.First()));
        for (var row = 0; row < rows; row++)
        {
            var label = ticks.TryGetValue(row, out var tick) ? tick : "";
            var edge = options.Unicode ? (label.Length > 0 ? '┤' : '│') : (label.Length > 0 ? '+' : '|');
            lines.Add(($"{label.PadLeft(labelWidth)}{edge}{raster.Line(row, options.Color)}", labelWidth + 1 + columns));
        }

        var axis = new char[columns];
        var foot = new char[columns];
        Array.Fill(axis, options.Unicode ? '─' : '-');
        Array.Fill(foot, ' ');
        var free = 0;
        foreach (var tick in plot.Horizontal.Ticks)
        {
            var column = (int)Math.Round(plot.Horizontal.Position(tick) * (columns - 1));
            axis[column] = options.Unicode ? '┬' : '+';
            var text = plot.Horizontal.Label(tick);
            var start = Math.Clamp(column - text.Length / 2, 0, columns - text.Length);
            if (start >= free)
            {
                text.CopyTo(0, foot, start, text.Length);
                free = start + text.Length + 1;
            }
        }

        var corner = options.Unicode ? '└' : '+';
        var margin = new string(' ', labelWidth);
        lines.Add(($"{margin}{corner}{new string(axis)}", width));
        lines.Add(($"{margin} {new string(foot)}", width));
        return lines;
    }

    private static string Heading(CurvePlot plot, int columns)
    {
        var values = new[] { plot.Training.Length > 0 ? plot.Training : plot.Fine, plot.Validation }
            .Where(points => points.Length > 0)
            .Select(points => double.IsFinite(points[^1].Y) ? points[^1].Y.ToString("F4", CultureInfo.InvariantCulture) : "not finite");
        var quantity = TextTable.Printable(plot.Quantity);
        var heading = $"{quantity} {string.Join(" / ", values)}".TrimEnd();
        return TextTable.Width(heading) <= columns ? heading : TextTable.Width(quantity) <= columns ? quantity : "";
    }

    private static void Draw(TerminalRaster raster, CurvePlot plot, CurvePoint[] points, bool validation)
    {
        for (var i = 1; i < points.Length; i++)
        {
            if (double.IsFinite(points[i - 1].Y) && double.IsFinite(points[i].Y))
            {
                raster.Line(At(plot, points[i - 1]), At(plot, points[i]), validation);
            }
        }
    }

    private static void Mark(TerminalRaster raster, CurvePlot plot, CurvePoint[] points, bool validation)
    {
        foreach (var point in points.Where(point => double.IsFinite(point.Y)))
        {
            raster.Mark(At(plot, point), validation);
        }
    }

    private static (double X, double Y) At(CurvePlot plot, CurvePoint point) => (plot.Horizontal.Position(point.X), 1 - plot.Vertical.Position(point.Y));
}
