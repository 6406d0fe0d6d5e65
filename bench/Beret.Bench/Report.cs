using Beret.Benchmarks;

namespace Beret.Bench;

/// <summary>Writes the page of figures from measurements.</summary>
internal static class Report
{
    private static readonly Dictionary<string, string> ModelNames = new()
    {
        ["L6 H384 A12"] = "MiniLM",
        ["L4 H512 A8"] = "small BERT",
        ["L12 H768 A12"] = "BERT base",
    };

    public static void Write(string results, string page)
    {
        var all = Measurement.Read(results);
        var peaks = new Peaks(Best(all, "gemm").Gflops, Best(all, "memory").Gigabytes);
        using var to = new StreamWriter(page) { NewLine = "\n" };
        to.WriteLine("# Performance");
        to.WriteLine();
        to.WriteLine("<!-- Written by bench/run; do not edit. -->");
        to.WriteLine();
        to.WriteLine("All of this page is what `bench/run` measured and wrote, in one run on one machine. Run it to have the figures of yours.");
        WriteMachine(to, all, peaks);
        WriteModels(to, all, peaks);
        WriteProfile(to, all, peaks);
        WriteOperations(to, all, peaks);
    }

    private static void WriteMachine(StreamWriter to, IReadOnlyList<Measurement> all, Peaks peaks)
    {
        Section(to, "The machine");
        to.WriteLine("| | |");
        to.WriteLine("| --- | --- |");
        foreach (var (what, value) in Machine.Describe())
        {
            to.WriteLine($"| {what} | {value} |");
        }

        to.WriteLine();
        to.WriteLine("| Peak | best of | |");
        to.WriteLine("| --- | --- | ---: |");
        foreach (var by in all.Where(one => one.Kind == "gemm").GroupBy(one => one.By))
        {
            var best = by.MaxBy(one => one.Gflops)!;
            to.WriteLine($"| fp32 matrix products, {by.Key} | {best.Name} | {best.Gflops:f0} GFLOP/s |");
        }

        var memory = Best(all, "memory");
        to.WriteLine($"| memory | {memory.Name} | {memory.Gigabytes:f1} GB/s |");
        to.WriteLine();
        to.WriteLine(
            $"A share of the peak below is one of {peaks.Gflops:f0} GFLOP/s (the best of all matrix products above) or of {peaks.Gigabytes:f1} GB/s. "
            + "Every figure counts the work over the tokens that are there.");
    }

    private static void WriteModels(StreamWriter to, IReadOnlyList<Measurement> all, Peaks peaks)
    {
        foreach (var (kind, title, what) in new[]
        {
            ("step", "Fine-tuning", "One step in fp32: forward with dropout 0.1, loss, backward, clipping, AdamW."),
            ("infer", "Inference", "One batch in fp32, forward only."),
        })
        {
            var models = all.Where(one => one.Kind == kind).GroupBy(one => one.Name).ToList();
            if (models.Count == 0)
            {
                continue;
            }

            Section(to, title);
            to.WriteLine($"{what} Random weights. Median over the rounds of each round's median; Beret and its peer took turns.");
            to.WriteLine();
            to.WriteLine("| model | batch | by | ms | texts/s | GFLOP/s | of the GEMM peak | against Beret | rounds |");
            to.WriteLine("| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
            foreach (var model in models)
            {
                var ours = Clock.Median(model.Where(one => one.By == Measurement.Ours).Select(one => one.Seconds));
                foreach (var by in model.GroupBy(one => one.By))
                {
                    var median = by.First() with { Seconds = Clock.Median(by.Select(one => one.Seconds)) };
                    var (name, batch) = Split(model.Key);
                    to.WriteLine(
                        $"| {name} | {batch} | {by.Key} | {median.Seconds * 1e3:f0} | {median.Texts / median.Seconds:f0} | {median.Gflops:f0} | {median.Gflops / peaks.Gflops:p0} "
                        + $"| {(by.Key == Measurement.Ours ? "" : $"{median.Seconds / ours:f2} × the time")} | {by.Count()} |");
                }
            }
        }
    }

    private static void WriteProfile(StreamWriter to, IReadOnlyList<Measurement> all, Peaks peaks)
    {
        // Profiles follow the step that they belong to.
        var model = "";
        var parts = new List<(string Model, Measurement Part)>();
        foreach (var one in all)
        {
            model = one.Kind == "step" && one.By == Measurement.Ours ? one.Name : model;
            if (one.Kind == "profile")
            {
                parts.Add((model, one));
            }
        }

        foreach (var profile in parts.GroupBy(part => part.Model, part => part.Part))
        {
            var (name, batch) = Split(profile.Key);
            Section(to, $"Where a step of {name} goes ({batch})");
            to.WriteLine("Median over the rounds, for each operation of the backend, all its calls of a step together.");
            to.WriteLine();
            to.WriteLine("| operation | ms | of the step | GFLOP/s | of the GEMM peak |");
            to.WriteLine("| --- | ---: | ---: | ---: | ---: |");
            Measurement[] medians =
            [
                .. profile.GroupBy(one => one.Name)
                    .Select(rounds => rounds.First() with { Seconds = Clock.Median(rounds.Select(one => one.Seconds)) })
                    .OrderByDescending(one => one.Seconds),
            ];
            var total = medians.Sum(one => one.Seconds);
            foreach (var one in medians)
            {
                var rate = one.Flops > 0 ? $"{one.Gflops:f0} | {one.Gflops / peaks.Gflops:p0}" : "|";
                to.WriteLine($"| {one.Name} | {one.Seconds * 1e3:f1} | {one.Seconds / total:p1} | {rate} |");
            }
        }
    }

    private static void WriteOperations(StreamWriter to, IReadOnlyList<Measurement> all, Peaks peaks)
    {
        var operations = all.Where(one => one.Kind == "op").ToList();
        if (operations.Count == 0)
        {
            return;
        }

        Section(to, "Operations");
        to.WriteLine("The shapes of MiniLM (384) and BERT base (768), 4096 tokens unless said. The share is of the bound that is nearer, arithmetic or memory;");
        to.WriteLine("bytes are counted once each, so that operands which stay in the cache give more than the memory's 100%.");
        to.WriteLine();
        to.WriteLine("| operation | shape | ms | GFLOP/s | GB/s | of the peak |");
        to.WriteLine("| --- | --- | ---: | ---: | ---: | ---: |");
        foreach (var one in operations)
        {
            var (operation, shape) = one.Name.IndexOf(' ') is var space and > 0 ? (one.Name[..space], one.Name[(space + 1)..]) : (one.Name, "");
            var gflops = one.Flops > 0 ? $"{one.Gflops:f1}" : "";
            to.WriteLine($"| {operation} | {shape} | {one.Seconds * 1e3:f3} | {gflops} | {one.Gigabytes:f1} | {peaks.Share(one):p0} |");
        }
    }

    private static void Section(StreamWriter to, string title)
    {
        to.WriteLine();
        to.WriteLine($"## {title}");
        to.WriteLine();
    }

    private static Measurement Best(IReadOnlyList<Measurement> all, string kind) =>
        all.Where(one => one.Kind == kind).MaxBy(one => (one.Flops + one.Bytes) / one.Seconds) ?? throw new FormatException($"the measurements hold no peak ({kind})");

    /// <summary>"L6 H384 A12 b32 s128" is MiniLM (L6 H384 A12) with 32 × 128 tokens.</summary>
    private static (string Model, string Batch) Split(string name)
    {
        var parts = name.Split(' ');
        var size = string.Join(' ', parts[..3]);
        return (ModelNames.TryGetValue(size, out var known) ? $"{known} ({size})" : size, $"{parts[3][1..]} × {parts[4][1..]}");
    }
}
