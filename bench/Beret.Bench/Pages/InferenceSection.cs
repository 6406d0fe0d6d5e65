namespace Beret.Bench.Pages;

/// <summary>Forward passes: a block of texts of one length, and reviews of all lengths.</summary>
internal static class InferenceSection
{
    public static void Write(Page page, Results results)
    {
        IReadOnlyList<Series> series = [.. results.Series("infer"), .. results.Series("ragged")];
        if (series.Count == 0)
        {
            return;
        }

        page.Section("Inference");
        page.Text(
            "Forward only. A block is texts of one length, where nobody pads. The reviews are as long as 512 of IMDB's test set (270 tokens on average), cut; Beret packs them without "
            + "padding into batches of up to 4,096 tokens, the others sort them by length and pad batches of 32. Best of two passes over the reviews, median of a block's repeats, and of these "
            + "the median over the rounds.");
        page.Chart("inference", "GFLOP/s of inference", Comparison.Chart(results, series, "Inference: work done a second, padding not counted", "longer is faster"));
        Comparison.Table(page, results, series);
        if (!series.Any(one => one.Precision == "int8" && !one.IsOurs))
        {
            page.Text("No int8 model was given to ONNX Runtime (`INT8_ONNX`), so that row is missing.");
        }
    }
}
