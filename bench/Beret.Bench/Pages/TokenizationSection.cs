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
        page.Text("The test texts of a data set, whole and from memory, to token ids. `hf`, `tf` and `google` are the flavours of WordPiece; \"accents\" and \"Chinese\" are the same texts with letters of those kinds.");
        page.Table(
            ["texts and flavour", ">threads", "by", ">texts", ">tokens", ">ms", ">million tokens/s", "against one thread"],
            series.Select(one =>
            {
                var (what, threads) = Threads(one.Name);
                var single = series.FirstOrDefault(other => other.By == one.By && other != one && Threads(other.Name) == (what, "1"));
                return new[]
                {
                    what, threads, one.By, $"{one.Rounds[0].Texts}", $"{one.Rounds[0].Tokens}", Page.Milliseconds(one.Seconds), Page.Number(one.TokensPerSecond / 1e6),
                    single is null ? "" : Page.Ratio(one.Over(single)),
                };
            }));
    }

    /// <summary>"reviews hf t2" is "reviews hf" on 2 threads.</summary>
    private static (string What, string Threads) Threads(string name) => name.LastIndexOf(" t", StringComparison.Ordinal) is var at and > 0 ? (name[..at], name[(at + 2)..]) : (name, "");
}
