namespace Beret.Bench.Pages;

/// <summary>Where it was measured, and what that can do at most.</summary>
internal static class MachineSection
{
    public static void Write(Page page, Results results)
    {
        page.Section("The machine");
        page.Table(["", ""], Machine.Describe().Select(fact => new[] { fact.What, fact.Value }));
        page.Table(["peak", "by", "best of", ">"], results.Of("gemm").GroupBy(one => (one.Precision, one.By)).Select(ByGflops)
            .Concat(results.Of("memory").GroupBy(one => one.By).Select(one => ByGigabytes(one.MaxBy(best => best.Gigabytes)!))));
        page.Text(
            "A share of the peak below is one of the best of all matrix products of the same precision, or of the memory's rate. Work is that of the matrix products over the tokens "
            + "that are there; padding, embeddings, normalisation, softmax and the optimizer are none.");
    }

    private static string[] ByGflops(IGrouping<(string Precision, string By), Measurement> rounds)
    {
        var best = rounds.MaxBy(one => one.Gflops)!;
        var by = best.By == Measurement.Ours ? best.By : $"{best.By} (torch.mm)";
        return [$"{best.Precision} matrix products", by, best.Name, $"{Page.Number(best.Gflops)} GFLOP/s"];
    }

    private static string[] ByGigabytes(Measurement best) => ["memory", best.By, best.Name, $"{Page.Number(best.Gigabytes)} GB/s"];
}
