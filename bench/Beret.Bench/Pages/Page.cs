using System.Globalization;
using System.Text;

namespace Beret.Bench.Pages;

/// <summary>A page of Markdown and the charts beside it.</summary>
/// <param name="folder">Where the charts go.</param>
/// <param name="name">The page's name, with which theirs begin.</param>
internal sealed class Page(string folder, string name)
{
    private readonly StringBuilder text = new();

    public static string Number(double value) => double.IsNaN(value) ? "" : Math.Abs(value) switch
    {
        >= 100 => Invariant($"{value:0}"),
        >= 10 => Invariant($"{value:0.0}"),
        >= 1 => Invariant($"{value:0.00}"),
        _ => Invariant($"{value:0.000}"),
    };

    public static string Share(double share) => double.IsFinite(share) ? Invariant($"{share * 100:0}%") : "";

    public static string Milliseconds(double seconds) => Number(seconds * 1e3);

    public static string Megabytes(double bytes) => Invariant($"{bytes / 1e6:0}");

    /// <summary>"1.98 × (1.90–2.05)": the range where there are several rounds.</summary>
    public static string Ratio((double Median, double Least, double Most) ratio) =>
        Invariant($"{ratio.Median:0.00} ×{(ratio.Most > ratio.Least ? Invariant($" ({ratio.Least:0.00}–{ratio.Most:0.00})") : "")}");

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    public void Title(string title) => text.Append($"# {title}\n");

    public void Section(string title) => text.Append($"\n## {title}\n");

    /// <summary>A paragraph.</summary>
    public void Text(string paragraph) => text.Append($"\n{paragraph}\n");

    /// <summary>A table; columns whose header begins with a &gt; are numbers, flush right.</summary>
    public void Table(IReadOnlyList<string> header, IEnumerable<IReadOnlyList<string>> rows)
    {
        text.Append($"\n| {string.Join(" | ", header.Select(column => column.TrimStart('>')))} |\n");
        text.Append($"| {string.Join(" | ", header.Select(column => column.StartsWith('>') ? "---:" : "---"))} |\n");
        foreach (var row in rows)
        {
            text.Append($"| {string.Join(" | ", row)} |\n");
        }
    }

    /// <summary>A chart of its own file, shown here.</summary>
    public void Chart(string chart, string says, string svg)
    {
        var file = $"{name}-{chart}.svg";
        File.WriteAllText(Path.Combine(folder, file), svg);
        text.Append($"\n![{says}]({file})\n");
    }

    public override string ToString() => text.ToString();
}
