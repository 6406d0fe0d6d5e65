namespace Beret.Bench.Pages;

/// <summary>How it was measured.</summary>
internal static class MethodSection
{
    public static void Write(Page page, Results results)
    {
        page.Section("How it is measured");
        page.Text(
            "Every program is a process of its own with the same number of threads, and they take turns: in each round each does each work once, so that what disturbs the machine meets all alike. "
            + "A process warms up (for one text two seconds), repeats, and gives its median; the tables give the median of the rounds and, as ±, half the distance between the rounds' quartiles.");
        page.Text(
            "The others: " + string.Join(", ", results.All.Select(one => one.By).Where(by => by != Measurement.Ours).Distinct().Order())
            + ". PyTorch is Debian's with the threaded OpenBLAS, ONNX Runtime npm's; its fp32 graph is exported by PyTorch from a model of random weights "
            + "(`bench/peers`), its int8 graph is fused and quantized by its own tools.");
    }
}
