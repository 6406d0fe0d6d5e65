using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Benchmarks;

/// <summary>A benchmark's figures as tables and as JSON.</summary>
internal static class BenchmarkWriter
{
    // Operations that take less of the time are one line together.
    private const double LeastShare = 0.005;

    public static string Text(BenchmarkResult result)
    {
        var text = new StringBuilder();
        Line(TextTable.Printable($"{result.Model}: {result.Architecture}, {Format.Text($"{result.Parameters / 1e6:0.0}")} million parameters"));
        Line($"{Format.Text($"{result.Threads}")} thread{(result.Threads == 1 ? "" : "s")}, {result.InstructionSet}");
        Line($"precision {result.Precision.Format()}{(Precisions.HasInstruction(result.Precision) ? "" : ", without an instruction of this processor for it: no faster than fp32")}");
        Line($"matrix products in {result.Precision.Format()} reach {Format.Number(result.GemmPeakGflops)} GFLOP/s here: what \"of peak\" is a share of");
        Sizes("Training: one step, from the forward pass with dropout to AdamW", result.Training);
        Sizes("Inference: one batch", result.Inference);
        foreach (var left in result.LeftOut)
        {
            Line($"left out: {left}");
        }

        Operations("training step", result.Training);
        Operations("batch of inference", result.Inference);
        Line("");
        foreach (var advice in result.Advice)
        {
            Line(advice);
        }

        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');

        void Sizes(string title, IReadOnlyList<BenchmarkPass> passes)
        {
            if (passes.Count == 0)
            {
                return;
            }

            var table = new TextTable(["batch × length", "ms", "±", "texts/s", "tokens/s", "GFLOP/s", "of peak", "memory"]);
            foreach (var pass in passes.OrderBy(pass => pass.Length).ThenBy(pass => pass.Batch))
            {
                table.Add(
                [
                    Format.Text($"{pass.Batch,4} × {pass.Length}"), Format.Number(pass.Seconds * 1e3), Format.Share(pass.Spread), Format.Number(pass.TextsPerSecond),
                    Format.Text($"{pass.TokensPerSecond:0}"), Format.Number(pass.Gflops), Format.Share(pass.Gflops / result.GemmPeakGflops), Format.Bytes(pass.MemoryBytes),
                ]);
            }

            Line("");
            Line(title);
            text.Append(table);
        }

        void Operations(string what, IReadOnlyList<BenchmarkPass> passes)
        {
            if (passes.Count == 0)
            {
                return;
            }

            var main = passes[0];
            var table = new TextTable(["operation", "ms", "of the time", "GFLOP/s", "of peak"]);
            var small = main.Operations.Where(operation => operation.Share < LeastShare).ToList();
            foreach (var operation in main.Operations.Except(small))
            {
                var hasWork = operation.Flops > 0;
                table.Add(
                [
                    operation.Operation, Format.Number(operation.Seconds * 1e3), Format.Text($"{operation.Share * 100:0.0}%"),
                    hasWork ? Format.Number(operation.Gflops) : "", hasWork ? Format.Share(operation.Gflops / result.GemmPeakGflops) : "",
                ]);
            }

            if (small.Count > 0)
            {
                var others = Format.Text($"({small.Count} others)");
                table.Add([others, Format.Number(small.Sum(one => one.Seconds) * 1e3), Format.Text($"{small.Sum(one => one.Share) * 100:0.0}%"), "", ""]);
            }

            Line("");
            Line(Format.Text($"Where a {what} of {main.Batch} × {main.Length} goes"));
            text.Append(table);
        }
    }

    public static string Json(BenchmarkResult result)
    {
        var step = result.Training.Count > 0 ? result.Training[0] : null;
        var pass = result.Inference.Count > 0 ? result.Inference[0] : null;

        // The rates without a name before them are those of training, where it was measured.
        var main = step ?? pass!;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("model", result.Model);
            json.WriteString("precision", result.Precision.Format());
            json.WriteNumber("threads", result.Threads);
            json.WriteNumber("batch", main.Batch);
            json.WriteNumber("length", main.Length);
            json.WriteNumber("parameters", result.Parameters);
            Number("train_step_ms", step?.Seconds * 1e3);
            Number("infer_batch_ms", pass?.Seconds * 1e3);
            Number("texts_per_s", main.TextsPerSecond);
            Number("tokens_per_s", main.TokensPerSecond);
            Number("gflops", main.Gflops);
            Number("train_texts_per_s", step?.TextsPerSecond);
            Number("train_gflops", step?.Gflops);
            Number("train_memory_bytes", step?.MemoryBytes);
            Number("infer_texts_per_s", pass?.TextsPerSecond);
            Number("infer_gflops", pass?.Gflops);
            Number("infer_memory_bytes", pass?.MemoryBytes);
            Number("gemm_peak_gflops", result.GemmPeakGflops);
            Number("peak_memory_bytes", result.PeakMemoryBytes);
            json.WriteEndObject();

            void Number(string name, double? value)
            {
                if (value is { } number)
                {
                    json.WriteNumber(name, Math.Round(number, 6));
                }
                else
                {
                    json.WriteNull(name);
                }
            }
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }
}
