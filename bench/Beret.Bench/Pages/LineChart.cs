using Beret.Reports;

namespace Beret.Bench.Pages;

/// <summary>Up to three lines over a size that doubles, below the line of what the machine can do at most.</summary>
/// <param name="title">What is shown.</param>
/// <param name="horizontal">What the sizes are.</param>
/// <param name="vertical">The unit of the values.</param>
/// <param name="peak">The most there can be.</param>
internal sealed class LineChart(string title, string horizontal, string vertical, double peak)
{
    private const double Left = 58, Right = 28, Top = 92, Bottom = 320, FootHeight = 52;

    private static readonly (string Name, string Colour)[] Styles = [("first", "#1766c2"), ("second", "#c8321f"), ("third", "#2f7d32")];

    private readonly List<(string Name, (double Size, double Value)[] Points)> lines = [];

    public void Line(string name, (double Size, double Value)[] points) => lines.Add((name, points));

    public override string ToString()
    {
        var points = lines.SelectMany(line => line.Points).ToList();
        var doublings = Math.Max(1, Math.Ceiling(Math.Log2(points.Max(point => point.Size)) - 1e-9));
        var highest = 1.08 * Math.Max(points.Max(point => point.Value), double.IsFinite(peak) ? peak : 0);
        var axis = new Axis(0, highest, Axis.Fit([0, highest], 6).TickStep);
        double X(double size) => Left + Math.Log2(size) / doublings * (Chart.Width - Right - Left);
        double Y(double value) => Bottom - axis.Position(value) * (Bottom - Top);
        var svg = Chart.Begin(Bottom + FootHeight, title, $"{vertical}; level is linear growth");
        foreach (var tick in axis.Ticks)
        {
            Chart.Line(svg, Left, Y(tick), Chart.Width - Right, Y(tick));
            Chart.Text(svg, Left - 8, Y(tick) + 4.5, axis.Label(tick), "end");
        }

        for (var doubling = 0; doubling <= doublings; doubling++)
        {
            Chart.Line(svg, X(1 << doubling), Bottom, X(1 << doubling), Bottom + 5, isAxis: true);
            Chart.Text(svg, X(1 << doubling), Bottom + 20, $"{1 << doubling}", "middle");
        }

        Chart.Line(svg, Left, Bottom, Chart.Width - Right, Bottom, isAxis: true);
        Chart.Text(svg, (Left + Chart.Width - Right) / 2, Bottom + 41, horizontal, "middle");
        if (double.IsFinite(peak))
        {
            Chart.Line(svg, Left, Y(peak), Chart.Width - Right, Y(peak), isAxis: true, isDashed: true);
            Chart.Text(svg, Chart.Width - Right, Y(peak) - 6, $"matrix products' peak {Page.Number(peak)}", "end");
        }

        var legend = Left;
        foreach (var ((name, line), (style, colour)) in lines.Zip(Styles))
        {
            var path = string.Join(' ', line.Select((point, i) => Page.Invariant($"{(i == 0 ? 'M' : 'L')}{X(point.Size):0.#} {Y(point.Value):0.#}")));
            svg.Line($"""<path class="{style}-line" d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>""");
            foreach (var (size, value) in line)
            {
                svg.Line($"""<circle class="{style}-mark" cx="{X(size)}" cy="{Y(value)}" r="3.5" fill="{colour}"/>""");
            }

            svg.Line($"""<circle class="{style}-mark" cx="{legend + 5}" cy="67.5" r="4.5" fill="{colour}"/>""");
            Chart.Text(svg, legend + 15, 72, name, isStrong: true);
            legend += 40 + TextWidth.Of(name, 13);
        }

        svg.Raw("</svg>\n");
        return svg.ToString();
    }
}
