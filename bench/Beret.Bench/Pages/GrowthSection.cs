namespace Beret.Bench.Pages;

/// <summary>How time grows with tokens, texts, layers and threads.</summary>
internal static class GrowthSection
{
    private static readonly (string What, string Heading)[] Directions =
        [("tokens", "Tokens of a text, 8 texts"), ("texts", "Texts of a batch, 32 tokens each"), ("layers", "Layers, 8 texts of 128 tokens")];

    public static void Write(Page page, Results results)
    {
        var series = results.Series("growth");
        if (series.Count == 0)
        {
            return;
        }

        page.Section("Growth");
        page.Text(
            "Training steps of MiniLM's sizes in fp32 that grow in one direction at a time. Growth is linear where GFLOP/s stay level: the work that is counted holds the attention, "
            + "which grows with the square of the tokens.");
        var lines = Directions.Select(direction => (direction.What, Points: Of(series, direction.What).ToList())).Where(line => line.Points.Count > 0).ToList();
        if (lines.Count > 0)
        {
            var chart = new LineChart("Growth: work done a second as a step grows", "times the smallest", "GFLOP/s", results.Peak(Measurement.Fp32));
            foreach (var (what, points) in lines)
            {
                chart.Line($"{what} {points[0].Size}–{points[^1].Size}", [.. points.Select(point => ((double)point.Size / points[0].Size, point.Series.Gflops))]);
            }

            page.Chart("growth", "GFLOP/s of training steps as tokens, texts and layers grow", chart.ToString());
        }

        foreach (var (what, heading) in Directions)
        {
            var points = Of(series, what).ToList();
            if (points.Count > 0)
            {
                page.Table(
                    [heading, ">ms", ">±", ">texts/s", ">tokens/s", ">GFLOP/s", ">of the peak"],
                    points.Select(point => new[]
                    {
                        $"{point.Size}", Page.Milliseconds(point.Series.Seconds), Page.Share(point.Series.Spread), Page.Number(point.Series.TextsPerSecond),
                        Page.Number(point.Series.TokensPerSecond), Page.Number(point.Series.Gflops), Page.Share(point.Series.Gflops / results.Peak(Measurement.Fp32)),
                    }));
            }
        }

        var reviews = Of(series, "reviews").ToList();
        if (reviews.Count > 0)
        {
            page.Table(
                ["Reviews tokenized, all threads", ">ms", ">tokens", ">million tokens/s"],
                reviews.Select(point => new[]
                {
                    $"{point.Size}", Page.Milliseconds(point.Series.Seconds), $"{point.Series.Rounds[0].Tokens}", Page.Number(point.Series.TokensPerSecond / 1e6),
                }));
        }

        var threads = new[] { "training", "inference" }.SelectMany(kind => Of(series, $"threads, {kind}").Select(point => (kind, point.Size, point.Series, One: Of(series, $"threads, {kind}").First()))).ToList();
        if (threads.Count > 0)
        {
            page.Table(
                ["Threads, 8 texts of 128 tokens", "", ">ms", ">±", "against one thread"],
                threads.Select(point => new[]
                {
                    $"{point.Size}", point.kind, Page.Milliseconds(point.Series.Seconds), Page.Share(point.Series.Spread),
                    point.Size == 1 ? "" : Page.Ratio(point.Series.Over(point.One.Series)),
                }));
        }
    }

    private static IEnumerable<(int Size, Series Series)> Of(IReadOnlyList<Series> series, string what) => series
        .Where(one => one.Name.LastIndexOf(' ') is var space and > 0 && one.Name[..space] == what)
        .Select(one => (Size: int.Parse(one.Name[(what.Length + 1)..]), one)).OrderBy(point => point.Size);
}
