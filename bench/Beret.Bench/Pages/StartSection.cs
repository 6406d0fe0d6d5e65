namespace Beret.Bench.Pages;

/// <summary>From the start of the process to its first answer.</summary>
internal static class StartSection
{
    public static void Write(Page page, Results results)
    {
        var series = results.Series("start");
        if (series.Count == 0)
        {
            return;
        }

        page.Section("Start");
        page.Text("Wall-clock time of a whole process, files in the system's cache.");
        page.Table(["what", "by", ">ms", ">±", ">runs"], series.Select(one => new[]
        {
            one.Name, one.By, Page.Milliseconds(one.Seconds), Page.Share(one.Spread), $"{one.Rounds.Count}",
        }));
    }
}
