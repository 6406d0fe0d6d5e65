namespace Beret.Bench.Pages;

/// <summary>Fine-tuning steps.</summary>
internal static class TrainingSection
{
    public static void Write(Page page, Results results)
    {
        var series = results.Series("step");
        if (series.Count == 0)
        {
            return;
        }

        page.Section("Fine-tuning");
        page.Text(
            "One step: forward with dropout 0.1, loss, backward, clipping, AdamW. Random weights, texts without padding. Median over the rounds of each round's median. "
            + "\"Beret is\" is how many times as fast Beret is: the ratio of the medians, and the smallest and largest ratio of a round.");
        page.Chart("training", "GFLOP/s of fine-tuning steps", Comparison.Chart(results, series, "Fine-tuning: work done a second", "longer is faster"));
        Comparison.Table(page, results, series);
        if (series.All(one => one.Precision != "bf16"))
        {
            page.Text("This processor has no bf16 instruction, so bf16 was not measured.");
        }
    }
}
