using Beret.Reports;

namespace Beret.Bench.Pages;

/// <summary>Groups of horizontal bars, with lines at what the machine can do at most.</summary>
/// <param name="title">What is shown.</param>
/// <param name="says">How to read it.</param>
/// <param name="unit">Of the values.</param>
/// <param name="peaks">The lines.</param>
internal sealed class BarChart(string title, string says, string unit, IReadOnlyList<(string Name, double Value)> peaks)
{
    private const double Left = 170, Right = 60, Top = 84, HeadingHeight = 28, BarHeight = 16, BarStep = 20, GroupGap = 8, FootHeight = 34;

    private readonly List<(string Heading, List<(string Label, double Value, string Text, bool IsOurs, bool IsNarrow)> Bars)> groups = [];

    public void Group(string heading) => groups.Add((heading, []));

    /// <summary>A bar of the last group.</summary>
    public void Bar(string label, double value, string text, bool isOurs, bool isNarrow) => groups[^1].Bars.Add((label, value, text, isOurs, isNarrow));

    public override string ToString()
    {
        var bottom = Top + groups.Sum(group => HeadingHeight + group.Bars.Count * BarStep + GroupGap);
        var longest = groups.SelectMany(group => group.Bars).Select(bar => bar.Value).DefaultIfEmpty(1).Max();

        // The slowest arithmetic's peak is always in sight, a faster one's where bars come near it.
        var axis = new Axis(0, Math.Max(1.1 * longest, 1.02 * peaks.Select(peak => peak.Value).DefaultIfEmpty(0).Min()), 0);
        axis = axis with { TickStep = Axis.Fit([0, axis.Maximum], 8).TickStep };
        double X(double value) => Left + axis.Position(value) * (Chart.Width - Right - Left);
        var svg = Chart.Begin(bottom + FootHeight, title, $"{unit}, {says}");
        foreach (var tick in axis.Ticks)
        {
            Chart.Text(svg, X(tick), bottom + 20, axis.Label(tick), "middle");
        }

        foreach (var (name, value) in peaks.Where(peak => peak.Value <= axis.Maximum))
        {
            Chart.Line(svg, X(value), Top - 8, X(value), bottom, isAxis: true, isDashed: true);
            Chart.Text(svg, X(value), Top - 13, $"{name} {Page.Number(value)}", X(value) > Chart.Width - 120 ? "end" : "middle");
        }

        var y = Top;
        foreach (var (heading, bars) in groups)
        {
            svg.Line($"""<text class="strong" x="{Chart.Margin}" y="{y + 20}" font-weight="600" fill="#1f2328">{heading}</text>""");
            y += HeadingHeight;
            foreach (var tick in axis.Ticks)
            {
                Chart.Line(svg, X(tick), y - 2, X(tick), y + bars.Count * BarStep, isAxis: tick == 0);
            }

            foreach (var bar in bars)
            {
                var (kind, colour) = (bar.IsOurs, bar.IsNarrow) switch
                {
                    (true, false) => ("ours", "#1766c2"),
                    (true, true) => ("ours-narrow", "#6cb0f5"),
                    (false, false) => ("other", "#818b98"),
                    _ => ("other-narrow", "#b7bfc8"),
                };
                Chart.Text(svg, Left - 8, y + 12.5, bar.Label, "end");
                svg.Line($"""<rect class="{kind}" x="{Left}" y="{y}" width="{X(bar.Value) - Left}" height="{BarHeight}" rx="2" fill="{colour}"/>""");
                Chart.Text(svg, X(bar.Value) + 6, y + 12.5, bar.Text, isStrong: bar.IsOurs, isAboveLines: true);
                y += BarStep;
            }

            y += GroupGap;
        }

        svg.Raw("</svg>\n");
        return svg.ToString();
    }
}
