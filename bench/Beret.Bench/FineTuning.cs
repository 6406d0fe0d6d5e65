using Beret.Benchmarks;
using Beret.Numerics;
using Beret.Training;

namespace Beret.Bench;

/// <summary>Whole fine-tuning steps: forward with dropout, loss, backward, clipping, AdamW.</summary>
internal static class FineTuning
{
    public static void Run(Arguments arguments, Encoder encoder)
    {
        var peaks = Peaks.Measure(arguments);
        using var timer = new PassTimer(CpuBackend.Create(arguments.Threads), encoder.Create);
        var options = new AdamWOptions { Variant = AdamVariant.PyTorch, ClipNorm = ClipNorm.Summed };
        var pass = timer.Train(encoder.Batch, encoder.Length, seconds: 0, encoder.Steps, options);
        var step = new Measurement("step", Measurement.Ours, encoder.ToString(), pass.Seconds, pass.Flops) { Texts = encoder.Batch };
        arguments.Record(step, peaks.Share(step));
        foreach (var operation in pass.Operations)
        {
            var part = new Measurement("profile", Measurement.Ours, operation.Operation, operation.Seconds, operation.Flops);
            arguments.Record(part, operation.Flops > 0 ? peaks.Share(part) : double.NaN);
        }

        Console.WriteLine($"activations {timer.ActivationPeak / 1048576.0:f1} MiB");
    }
}
