namespace Beret.Bench.Pages;

/// <summary>Each operation by itself.</summary>
internal static class OperationsSection
{
    public static void Write(Page page, Results results)
    {
        var operations = results.Of("op").ToList();
        if (operations.Count == 0)
        {
            return;
        }

        var peaks = new Peaks(results.Peak(Measurement.Fp32), results.Gigabytes);
        page.Section("Operations");
        page.Text(
            "The shapes of MiniLM (384) and BERT base (768), 4096 tokens unless said. The share is of the bound that is nearer, arithmetic or memory; "
            + "bytes are counted once each, so that operands which stay in the cache give more than the memory's 100%.");
        page.Table(["operation", "shape", ">ms", ">GFLOP/s", ">GB/s", ">of the peak"], operations.Select(one =>
        {
            var (operation, shape) = one.Name.IndexOf(' ') is var space and > 0 ? (one.Name[..space], one.Name[(space + 1)..]) : (one.Name, "");
            return new[]
            {
                operation, shape, Page.Invariant($"{one.Seconds * 1e3:0.000}"), one.Flops > 0 ? Page.Number(one.Gflops) : "", Page.Number(one.Gigabytes), Page.Share(peaks.Share(one)),
            };
        }));
    }
}
