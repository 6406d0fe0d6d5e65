namespace Beret.Bench.Pages;

/// <summary>Text to token ids.</summary>
internal static class TokenizationSection
{
    public static void Write(Page page, Results results)
    {
        var series = results.Series("tokens");
        if (series.Count == 0)
        {
            return;
        }

        page.Section("Tokenization");
        page.Text("Whole texts from memory, nothing cut. `t1` and `t2` are one thread and two.");
        page.Table(
            ["texts, flavour, threads", "by", ">texts", ">tokens", ">ms", ">±", ">million tokens/s"],
            series.Select(one => new[]
            {
                one.Name, one.By, $"{one.Rounds[0].Texts}", $"{one.Rounds[0].Tokens}", Page.Milliseconds(one.Seconds), Page.Share(one.Spread), Page.Number(one.TokensPerSecond / 1e6),
            }));
    }
}
