namespace Beret.Bench.Pages;

/// <summary>Where the time of our own steps goes.</summary>
internal static class ProfileSection
{
    public static void Write(Page page, Results results)
    {
        // Profiles follow the step that they belong to.
        var step = "";
        var parts = new List<(string Step, Measurement Part)>();
        foreach (var one in results.All)
        {
            step = one.Kind == "step" && one.By == Measurement.Ours ? $"{one.Precision}|{one.Name}" : step;
            if (one.Kind == "profile")
            {
                parts.Add((step, one));
            }
        }

        foreach (var profile in parts.GroupBy(part => part.Step, part => part.Part))
        {
            var (precision, name) = profile.Key.Split('|') is [var first, var second] ? (first, second) : (Measurement.Fp32, profile.Key);
            var (model, work) = Results.Split(name);
            page.Section($"Where a step of {model} goes ({Results.Batch(work)}, {precision})");
            page.Text("Median over the rounds, for each operation of the backend, all its calls of a step together.");
            var medians = profile.GroupBy(one => one.Name).Select(rounds => new Series([.. rounds])).OrderByDescending(one => one.Seconds).ToList();
            var total = medians.Sum(one => one.Seconds);
            page.Table(
                ["operation", ">ms", ">of the step", ">GFLOP/s", ">of the peak"],
                medians.Select(one => new[]
                {
                    one.Name, Page.Invariant($"{one.Seconds * 1e3:0.0}"), Page.Invariant($"{one.Seconds / total * 100:0.0}%"),
                    one.Gflops > 0 ? Page.Number(one.Gflops) : "", one.Gflops > 0 ? Page.Share(one.Gflops / results.Peak(precision)) : "",
                }));
        }
    }
}
