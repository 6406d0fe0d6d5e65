namespace Beret.Bench.Pages;

/// <summary>The main figures, a line each: on the page and in the README.</summary>
internal sealed class Summary
{
    private const string Begin = "<!-- bench/run writes from here -->";
    private const string End = "<!-- to here -->";

    private static readonly string[] Header = ["work", ">Beret", ">of the peak", ">the other", "Beret is"];

    public Summary(Results results)
    {
        List<IReadOnlyList<string>> rows = [];
        foreach (var (kind, what) in new[] { ("step", "training step"), ("infer", "inference"), ("ragged", "inference, reviews"), ("single", "one text") })
        {
            var series = results.Series(kind);
            foreach (var ours in series.Where(one => one.IsOurs))
            {
                var (model, rest) = Results.Split(ours.Name);
                foreach (var other in series.Where(one => !one.IsOurs && one.Name == ours.Name && one.Precision == ours.Precision))
                {
                    var share = kind == "single" ? double.NaN : ours.Gflops / results.Peak(ours.Precision);
                    rows.Add(
                    [
                        $"{ours.Precision} {what}, {model.Split(" (")[0]} {Results.Batch(rest)}", Time(ours, kind), Page.Share(share), $"{other.By}: {Time(other, kind)}",
                        Page.Invariant($"{ours.Over(other).Median:0.00} × as fast"),
                    ]);
                }

                if (ours.Precision != Measurement.Fp32 && series.FirstOrDefault(one => one.IsOurs && one.Name == ours.Name && one.Precision == Measurement.Fp32) is { } plain)
                {
                    rows.Add(
                    [
                        $"{ours.Precision} {what}, {model.Split(" (")[0]} {Results.Batch(rest)}", Time(ours, kind), Page.Share(ours.Gflops / results.Peak(ours.Precision)),
                        $"its own fp32: {Time(plain, kind)}", Page.Invariant($"{ours.Over(plain).Median:0.00} × as fast"),
                    ]);
                }
            }
        }

        Rows = rows;
    }

    public IReadOnlyList<IReadOnlyList<string>> Rows { get; }

    public void Write(Page page)
    {
        page.Text("Medians of rounds in which the programs took turns, on the machine below. The peak is the best of all matrix products of that precision that any of them reached there.");
        page.Table(Header, Rows);
    }

    /// <summary>Puts the table between two marks of the README.</summary>
    public void Put(string readme)
    {
        var text = File.ReadAllText(readme);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin)
        {
            throw new FormatException($"{readme} has no place for the table: the lines \"{Begin}\" and \"{End}\"");
        }

        var table = new Page(".", "");
        table.Table(Header, Rows);
        File.WriteAllText(readme, $"{text[..(begin + Begin.Length)]}\n{table}\n{text[end..]}");
    }

    private static string Time(Series series, string kind) => kind switch
    {
        "ragged" => $"{Page.Number(series.TextsPerSecond)} texts/s",
        "single" => $"{Page.Milliseconds(series.Seconds)} ms (p99 {Page.Milliseconds(series.P99)})",
        _ => $"{Page.Milliseconds(series.Seconds)} ms",
    };
}
