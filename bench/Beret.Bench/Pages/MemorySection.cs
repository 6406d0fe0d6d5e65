namespace Beret.Bench.Pages;

/// <summary>The memory of a fine-tuning step beyond what the weights make necessary.</summary>
internal static class MemorySection
{
    private const int BytesOfAWeight = 4 * sizeof(float);

    public static void Write(Page page, Results results)
    {
        var series = results.Series("resident");
        if (series.Count == 0)
        {
            return;
        }

        page.Section("Memory of a fine-tuning step");
        page.Text(
            "fp32. *Peak* is the most that the process held (VmHWM); *above* is without 16 bytes a weight (weights, gradients, two moments), the same formula for all; "
            + "*of it the program* is what the process held before it made the model: libraries, runtime. What is left is activations and working memory, "
            + "of which Beret knows its own figure: the *arena* holds all activations and their gradients, the word embeddings' included, and its size is known before the first step.");
        page.Table(
            ["model", "batch", "by", ">peak, MB", ">above, MB", ">of it the program, MB", ">left, MB", ">arena, MB", ">against the other: above", ">left"],
            series.GroupBy(one => one.Name).SelectMany(same => same.Select(one => Row(one, same.FirstOrDefault(other => !other.IsOurs)))));
    }

    /// <summary>A line for each model that another was measured on too.</summary>
    public static IEnumerable<IReadOnlyList<string>> Summary(Results results)
    {
        foreach (var same in results.Series("resident").GroupBy(one => one.Name))
        {
            if (same.FirstOrDefault(one => one.IsOurs) is { } ours && same.FirstOrDefault(one => !one.IsOurs) is { } other)
            {
                var (model, work) = Results.Split(same.Key);
                var (mine, theirs) = (Above(Median(ours)), Above(Median(other)));
                yield return
                [
                    $"memory of a training step above weights, gradients and moments, {model.Split(" (")[0]}, {Results.Batch(work)}", $"{Page.Megabytes(mine)} MB", "",
                    $"{other.By}: {Page.Megabytes(theirs)} MB", $"{Page.Share(mine / theirs)} of its",
                ];
            }
        }
    }

    private static string[] Row(Series series, Series? other)
    {
        var one = Median(series);
        var (model, work) = Results.Split(series.Name);
        var (above, left) = series.IsOurs && other is not null
            ? (Page.Share(Above(one) / Above(Median(other))), Page.Share(Left(one) / Left(Median(other))))
            : ("", "");
        return
        [
            model, Results.Batch(work), series.By, Page.Megabytes(one.ResidentPeak), Page.Megabytes(Above(one)), Page.Megabytes(one.ResidentBefore), Page.Megabytes(Left(one)),
            one.ActivationBytes > 0 ? Page.Megabytes(one.ActivationBytes) : "", above, left,
        ];
    }

    private static Measurement Median(Series series) => series.Rounds.OrderBy(one => one.ResidentPeak).ElementAt(series.Rounds.Count / 2);

    private static double Above(Measurement one) => one.ResidentPeak - (double)BytesOfAWeight * one.Parameters;

    private static double Left(Measurement one) => Above(one) - one.ResidentBefore;
}
