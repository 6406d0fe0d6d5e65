namespace Beret.Bench.Pages;

/// <summary>The table and the chart of programs that did the same work in turn.</summary>
internal static class Comparison
{
    public static void Table(Page page, Results results, IReadOnlyList<Series> series)
    {
        page.Table(
            ["model", "batch", "precision", "by", ">ms", ">±", ">texts/s", ">GFLOP/s", ">of the peak", "Beret is", ">rounds"],
            series.GroupBy(one => one.Name).SelectMany(same => same.OrderBy(one => one.Precision != Measurement.Fp32).ThenBy(one => one.Precision).ThenBy(one => !one.IsOurs)
                .Select(one => Row(results, one, [.. same]))));
    }

    /// <summary>A group of bars for each work, a bar for each program and precision: as long as it is fast.</summary>
    public static string Chart(Results results, IReadOnlyList<Series> series, string title, string says)
    {
        var precisions = series.Select(one => one.Precision).Distinct();
        var chart = new BarChart(title, says, "GFLOP/s", [.. precisions.Select(precision => ($"{precision} peak", results.Peak(precision))).Where(peak => double.IsFinite(peak.Item2))]);
        foreach (var same in series.GroupBy(one => one.Name))
        {
            var (model, work) = Results.Split(same.Key);
            chart.Group($"{model.Split(" (")[0]}, {Describe(work)}");
            foreach (var one in same.OrderBy(one => one.Precision != Measurement.Fp32).ThenBy(one => one.Precision).ThenBy(one => !one.IsOurs))
            {
                chart.Bar($"{Short(one.By)} {one.Precision}", one.Gflops, $"{Page.Number(one.Gflops)}", one.IsOurs, one.Precision != Measurement.Fp32);
            }
        }

        return chart.ToString();
    }

    public static string Describe(string work) => work.StartsWith("cut ", StringComparison.Ordinal) ? $"reviews cut at {work[4..]} tokens" : Results.Batch(work);

    /// <summary>A program without its version.</summary>
    public static string Short(string by) => by.LastIndexOf(' ') is var space and > 0 ? by[..space] : by;

    private static string[] Row(Results results, Series one, IReadOnlyList<Series> same)
    {
        var (model, work) = Results.Split(one.Name);
        var reference = same.FirstOrDefault(other => other.IsOurs && other.Precision == (one.IsOurs ? Measurement.Fp32 : one.Precision));
        var ratio = reference is null || reference == one ? ""
            : one.IsOurs ? $"{Page.Ratio(one.Over(reference))} its fp32"
            : Page.Ratio(reference.Over(one));
        return
        [
            model, Describe(work), one.Precision, one.By, Page.Milliseconds(one.Seconds), Page.Share(one.Spread), Page.Number(one.TextsPerSecond), Page.Number(one.Gflops),
            Page.Share(one.Gflops / results.Peak(one.Precision)), ratio, $"{one.Rounds.Count}",
        ];
    }
}
