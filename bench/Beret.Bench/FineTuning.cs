using System.Diagnostics;
using Beret.Optimization;
using Beret.Training;

namespace Beret.Bench;

/// <summary>Whole fine-tuning steps: forward with dropout, loss, backward, clipping, AdamW.</summary>
internal static class FineTuning
{
    /// <summary>As PyTorch has it, which is measured beside it.</summary>
    public static readonly AdamWOptions Options = new() { Variant = AdamVariant.PyTorch, ClipNorm = ClipNorm.Summed };

    public static void Run(Arguments arguments, Encoder encoder, int batch, int length, int steps)
    {
        using var timer = arguments.CreateTimer(encoder);
        var pass = timer.Train(batch, length, seconds: 0, steps, Options);
        arguments.Record(Named("step", encoder, pass));
        foreach (var operation in pass.Operations)
        {
            arguments.Record(new Measurement("profile", Measurement.Ours, operation.Operation, operation.Seconds, operation.Flops));
        }
    }

    /// <summary>The memory of such steps, in a process that did nothing before.</summary>
    public static void Resident(Arguments arguments, Encoder encoder, int batch, int length, int steps)
    {
        var before = Held();
        using var timer = arguments.CreateTimer(encoder);
        var pass = timer.Train(batch, length, seconds: 0, steps, Options);
        arguments.Record(new Measurement("resident", Measurement.Ours, Named("", encoder, pass).Name, pass.Seconds)
        {
            Parameters = timer.Parameters,
            ResidentBefore = before,
            ResidentPeak = Held(),
            ActivationBytes = timer.ActivationPeak,
        });
    }

    public static Measurement Named(string kind, Encoder encoder, BenchmarkPass pass) =>
        new(kind, Measurement.Ours, $"{encoder} b{pass.Batch} s{pass.Length}", pass.Seconds, pass.Flops) { Texts = pass.Batch, Tokens = pass.Batch * pass.Length };

    private static long Held()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
