namespace Beret.Bench.Pages;

/// <summary>The main figures, a line each: on the page and in the README.</summary>
internal sealed class Summary
{
    private const string Begin = "<!-- bench/run writes from here -->";
    private const string End = "<!-- to here -->";

    private static readonly string[] Header = ["work", ">Beret", ">of the peak", ">the fastest other", "Beret is"];

    public Summary(Results results) => Rows =
    [
        .. Rates(results, "step", "training step", ["fp32", "bf16"]),
        .. Rates(results, "infer", "inference", ["fp32", "int8"]),
        .. Rates(results, "ragged", "inference", ["fp32", "int8"]),
        .. Rates(results, "single", "one text", ["fp32", "int8"]),
        .. MemorySection.Summary(results),
        .. results.Series("tokens").Select(one => new[] { $"tokenization, {one.Name}", $"{Page.Number(one.TokensPerSecond / 1e6)} million tokens/s", "", "", "" }),
        .. results.Series("start").Select(one => new[] { one.Name, $"{Page.Milliseconds(one.Seconds)} ms", "", "", "" }),
    ];

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

    /// <summary>A row for each work of ours that another did too, or that is set beside its own fp32.</summary>
    private static IEnumerable<IReadOnlyList<string>> Rates(Results results, string kind, string what, string[] precisions)
    {
        var series = results.Series(kind);
        foreach (var ours in series.Where(one => one.IsOurs && precisions.Contains(one.Precision)))
        {
            var other = series.Where(one => !one.IsOurs && one.Name == ours.Name && one.Precision == ours.Precision).MinBy(one => one.Seconds);
            var plain = series.FirstOrDefault(one => one.IsOurs && one.Name == ours.Name && one.Precision == Measurement.Fp32 && one != ours);
            var (model, work) = Results.Split(ours.Name);
            IEnumerable<string> ratios =
            [
                .. other is null ? [] : new[] { Page.Invariant($"{ours.Over(other).Median:0.00} × as fast") },
                .. plain is null || ours.Precision == Measurement.Fp32 ? [] : new[] { Page.Invariant($"{ours.Over(plain).Median:0.00} × its own fp32") },
            ];
            yield return
            [
                $"{ours.Precision} {what}, {model.Split(" (")[0]}, {Comparison.Describe(work)}", Time(ours, kind),
                kind == "single" ? "" : Page.Share(ours.Gflops / results.Peak(ours.Precision)), other is null ? "" : $"{other.By}: {Time(other, kind)}", string.Join(", ", ratios),
            ];
        }
    }

    private static string Time(Series series, string kind) => kind switch
    {
        "ragged" => $"{Page.Number(series.TextsPerSecond)} texts/s",
        "single" => $"{Page.Milliseconds(series.Seconds)} ms (p99 {Page.Milliseconds(series.P99)})",
        _ => $"{Page.Milliseconds(series.Seconds)} ms",
    };
}
