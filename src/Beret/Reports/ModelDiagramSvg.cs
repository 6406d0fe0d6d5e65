using System.Globalization;
using System.Text;

namespace Beret.Reports;

/// <summary>
/// Draws a model's structure as Keras' plot_model does: a box for each layer with its name, its kind and its output's shape, joined by arrows from
/// input to output.
/// One standalone SVG document that follows the reader's light or dark setting where the viewer knows it.
/// </summary>
public static class ModelDiagramSvg
{
    private const double Margin = 20, RowGap = 38, ColumnGap = 28, LineHeight = 18, FramePadding = 16, FrameLabel = 24, MostBoxWidth = 400, Stack = 5;

    // Bold text of 13 pixels is about as wide as plain text of this size.
    private const double BoldSize = 14.6;

    private const string DarkStyle =
        """
        <style>
        @media (prefers-color-scheme: dark) {
        .beret-model .background { fill: #0d1117; }
        .beret-model .strong { fill: #e6edf3; }
        .beret-model .quiet { fill: #9198a1; }
        .beret-model .box { fill: #161b22; stroke: #6e7681; }
        .beret-model .head { fill: #1f2937; }
        .beret-model .frame { fill: #12171e; stroke: #6e7681; }
        .beret-model .edge { stroke: #9198a1; }
        .beret-model .arrow { fill: #9198a1; }
        }
        </style>

        """;

    /// <summary>Draws the nodes.</summary>
    /// <param name="nodes">The layers; their order does not matter but decides between equals.</param>
    /// <param name="title">The document's title, read out by screen readers.</param>
    /// <returns>An SVG document as large as the diagram needs; it may be put into HTML as it is, once a page.</returns>
    /// <exception cref="ReportException">A name occurs twice, an input is not among the nodes, or the nodes form a circle.</exception>
    public static string Render(IReadOnlyList<DiagramNode> nodes, string title = "Model structure")
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var layout = DiagramLayout.Of(nodes);
        var (width, height) = PlaceRows(layout);
        var svg = new Markup();
        svg.Line($"""<svg xmlns="http://www.w3.org/2000/svg" class="beret-model" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="beret-model-title beret-model-description" """);
        svg.Line($"""font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif" font-size="13">""");
        svg.Line($"""<title id="beret-model-title">{title}</title>""");
        svg.Line($"""<desc id="beret-model-description">{Describe(nodes)}</desc>""");
        svg.Raw(DarkStyle);
        svg.Line($"""<rect class="background" width="{width}" height="{height}" rx="8" fill="#ffffff"/>""");
        var boxes = layout.Rows.SelectMany(row => row).Where(place => place.Node is not null).ToList();
        foreach (var group in boxes.Where(box => box.Node!.Group is not null).GroupBy(box => box.Node!.Group!))
        {
            Frame(svg, group.Key, [.. group]);
        }

        foreach (var edge in layout.Edges)
        {
            Connect(svg, edge.Path);
        }

        foreach (var box in boxes)
        {
            Box(svg, box);
        }

        svg.Raw("</svg>\n");
        return svg.ToString();
    }

    private static (double Width, double Height) PlaceRows(DiagramLayout layout)
    {
        foreach (var place in layout.Rows.SelectMany(row => row))
        {
            if (place.Node is { } node)
            {
                var lines = Lines(node);
                place.Width = Math.Min(MostBoxWidth, Math.Max(150, Math.Max(
                    TextWidth.Of(Heading(node), BoldSize) + (node.Repeat > 1 ? 56 : 0),
                    lines.Max(line => TextWidth.Of(line, 12))) + 28));
                place.Height = 28 + lines.Count * LineHeight + 8;
            }
        }

        var framed = layout.Rows.Any(row => row.Any(place => place.Node?.Group is not null)) ? FramePadding + Stack : 0;
        var width = layout.Rows.Select(RowWidth).DefaultIfEmpty(200).Max() + 2 * (Margin + framed);
        var y = Margin;
        string? above = null;
        foreach (var row in layout.Rows)
        {
            // A frame's label and padding need room where the frame begins and ends.
            var group = row.Select(place => place.Node?.Group).FirstOrDefault(name => name is not null);
            y += group == above ? 0 : (above is null ? 0 : FramePadding) + (group is null ? 0 : FrameLabel);
            above = group;
            var x = (width - RowWidth(row)) / 2;
            foreach (var place in row)
            {
                place.X = x + place.Width / 2;
                place.Y = y;
                x += place.Width + ColumnGap;
            }

            var tallest = row.Max(place => place.Height);
            foreach (var place in row.Where(place => place.Node is null))
            {
                place.Height = tallest;
            }

            y += tallest + RowGap;
        }

        return (Math.Ceiling(width), Math.Ceiling(layout.Rows.Count == 0 ? 2 * Margin : y - RowGap + Margin + (above is null ? 0 : FramePadding)));

        static double RowWidth(IReadOnlyList<DiagramLayout.Place> row) => row.Sum(place => place.Width) + (row.Count - 1) * ColumnGap;
    }

    private static void Frame(Markup svg, string name, List<DiagramLayout.Place> members)
    {
        var left = members.Min(m => m.X - m.Width / 2) - FramePadding;
        var right = members.Max(m => m.X + m.Width / 2) + FramePadding + Stack;
        var top = members.Min(m => m.Y) - FrameLabel - 4;
        var bottom = members.Max(m => m.Y + m.Height) + FramePadding;
        svg.Line($"""<rect class="frame" x="{left}" y="{top}" width="{right - left}" height="{bottom - top}" rx="10" fill="#f6f8fa" stroke="#818b98" stroke-dasharray="5 4"/>""");
        svg.Line($"""<text class="quiet" x="{left + 12}" y="{top + 18}" font-size="12" font-weight="600" fill="#59636e">{TextWidth.Fit(name, 12, (right - left) / 2 - 30)}</text>""");
    }

    private static void Box(Markup svg, DiagramLayout.Place box)
    {
        var node = box.Node!;
        double left = box.X - box.Width / 2, top = box.Y;
        svg.Line($"""<g><title>{Tip(node)}</title>""");
        for (var copy = node.Repeat > 1 ? 2 : 0; copy > 0; copy--)
        {
            svg.Line($"""<rect class="box" x="{left + copy * Stack}" y="{top - copy * Stack}" width="{box.Width}" height="{box.Height}" rx="6" fill="#ffffff" stroke="#818b98"/>""");
        }

        svg.Line($"""<rect class="box" x="{left}" y="{top}" width="{box.Width}" height="{box.Height}" rx="6" fill="#ffffff" stroke="#818b98"/>""");
        svg.Line($"""<path class="head" d="M{left + 0.5} {top + 28}V{top + 6.5}a6 6 0 0 1 6 -6h{box.Width - 13}a6 6 0 0 1 6 6V{top + 28}Z" fill="#e8eef6"/>""");
        var room = box.Width - 24 - (node.Repeat > 1 ? 52 : 0);
        svg.Line($"""<text class="strong" x="{left + 12}" y="{top + 19}" font-weight="600" fill="#1f2328">{TextWidth.Fit(Heading(node), BoldSize, room)}</text>""");
        if (node.Repeat > 1)
        {
            svg.Line($"""<text class="strong" x="{left + box.Width - 12}" y="{top + 19}" text-anchor="end" font-weight="600" fill="#1f2328">× {node.Repeat}</text>""");
        }

        var y = top + 28 + LineHeight - 2;
        foreach (var line in Lines(node))
        {
            svg.Line($"""<text class="quiet" x="{left + 12}" y="{y}" font-size="12" fill="#59636e">{TextWidth.Fit(line, 12, box.Width - 20)}</text>""");
            y += LineHeight;
        }

        svg.Raw("</g>\n");
    }

    private static void Connect(Markup svg, IReadOnlyList<DiagramLayout.Place> path)
    {
        const double Head = 8;
        var curve = new StringBuilder();
        double x = path[0].X, y = path[0].Y + path[0].Height;
        curve.Append(CultureInfo.InvariantCulture, $"M{x:0.##} {y:0.##}");
        for (var i = 1; i < path.Count; i++)
        {
            var end = i == path.Count - 1 ? path[i].Y - Head - Lift(path[i]) : path[i].Y;
            var middle = (y + end) / 2;
            _ = Math.Abs(x - path[i].X) < 0.01
                ? curve.Append(CultureInfo.InvariantCulture, $"V{end:0.##}")
                : curve.Append(CultureInfo.InvariantCulture, $"C{x:0.##} {middle:0.##} {path[i].X:0.##} {middle:0.##} {path[i].X:0.##} {end:0.##}");
            (x, y) = (path[i].X, end);
            if (i < path.Count - 1)
            {
                y = path[i].Y + path[i].Height;
                curve.Append(CultureInfo.InvariantCulture, $"V{y:0.##}");
            }
        }

        svg.Line($"""<path class="edge" d="{curve}" fill="none" stroke="#59636e" stroke-width="1.5"/>""");
        svg.Line($"""<path class="arrow" d="M{x - 4.5} {y}h9L{x} {y + Head}Z" fill="#59636e"/>""");
    }

    /// <summary>How far the copies behind a repeated box stand out above it.</summary>
    private static double Lift(DiagramLayout.Place place) => place.Node is { Repeat: > 1 } ? 2 * Stack : 0;

    private static string Heading(DiagramNode node) => $"{node.Name}: {node.Kind}";

    private static List<string> Lines(DiagramNode node) =>
        [.. node.OutputShape.Split('\n', 8), .. node.Detail is { } detail ? new[] { detail } : []];

    private static string Tip(DiagramNode node) => $"{Heading(node)}\n{string.Join('\n', Lines(node))}";

    private static string Describe(IReadOnlyList<DiagramNode> nodes) =>
        string.Join(". ", nodes.Take(50).Select(node =>
            $"{node.Name} ({node.Kind}{(node.Repeat > 1 ? string.Create(CultureInfo.InvariantCulture, $", {node.Repeat} times") : "")})"
            + (node.Inputs.Count > 0 ? $" reads {string.Join(" and ", node.Inputs)}" : "")
            + $", output {node.OutputShape.ReplaceLineEndings(", ")}"));
}
