namespace Beret.Bench.Pages;

/// <summary>One text at a time.</summary>
internal static class SingleSection
{
    public static void Write(Page page, Results results)
    {
        var series = results.Series("single");
        if (series.Count == 0)
        {
            return;
        }

        page.Section("One text");
        page.Text("Milliseconds from token ids to logits: the median and the 99th percentile of some hundreds of runs, and of these the median over the rounds.");
        page.Table(
            ["model", "text", "precision", "by", ">p50, ms", ">p99, ms", "Beret is", ">p99: Beret's share"],
            series.GroupBy(one => (one.Name, one.Precision)).SelectMany(same => same.OrderBy(one => !one.IsOurs).Select(one => Row(one, same.FirstOrDefault(other => other.IsOurs)))));
    }

    private static string[] Row(Series one, Series? ours)
    {
        var (model, work) = Results.Split(one.Name);
        var isOther = ours is not null && !one.IsOurs;
        return
        [
            model, work, one.Precision, one.By, Page.Milliseconds(one.Seconds), Page.Milliseconds(one.P99), isOther ? Page.Ratio(ours!.Over(one)) : "",
            isOther ? Page.Share(ours!.P99 / one.P99) : "",
        ];
    }
}
