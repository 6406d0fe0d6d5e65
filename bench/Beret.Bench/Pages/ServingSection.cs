namespace Beret.Bench.Pages;

/// <summary>What the server stands.</summary>
internal static class ServingSection
{
    public static void Write(Page page, Results results)
    {
        var serving = results.Of("serve").ToList();
        if (serving.Count == 0)
        {
            return;
        }

        page.Section("Serving");
        page.Text(
            "`beret serve` with a fine-tuned MiniLM (128 tokens), asked by a load generator on the same machine and the same processors, one review a request, through `/v1/classify`. Every answer is compared with the library's own, "
            + "to the last bit: *wrong* counts those that differ. *Rejected* were told to come again (429, 503), *refused* found nobody listening, *lost* were taken and not answered. "
            + "\"Twice the peak\" asks at twice the rate that 64 clients reached. The server in Node is `bench/peers/ort_server.mjs`: the same model as Beret exports it, in ONNX Runtime, behind Node's own HTTP server, in batches of what waits.");
        page.Table(
            ["load", "precision", "by", ">answered", ">answers/s", ">median, ms", ">p99, ms", ">rejected", ">refused", ">wrong", ">lost", ">memory, MB"],
            serving.Select(one => (string[])
            [
                one.Name, one.Precision, one.By, $"{one.Texts}", Page.Number(one.Texts / one.Seconds), Page.Milliseconds(one.P50), Page.Milliseconds(one.P99),
                $"{one.Rejected}", $"{one.Refused}", $"{one.Wrong}", $"{one.Lost}",
                one.ResidentPeak > 0 ? $"{Page.Megabytes(one.ResidentBefore)} → {Page.Megabytes(one.ResidentPeak)}" : "",
            ]));
    }
}
