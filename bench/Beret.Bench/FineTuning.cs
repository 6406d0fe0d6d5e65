using System.Diagnostics;
using Beret.Numerics;
using Beret.Training;

namespace Beret.Bench;

/// <summary>Whole fine-tuning steps: forward with dropout, loss, backward, clipping, AdamW.</summary>
internal static class FineTuning
{
    public static void Run(Arguments arguments, Encoder encoder)
    {
        var peaks = Peaks.Measure(arguments);
        using var backend = new TimingBackend(CpuBackend.Create(arguments.Threads));
        using var model = encoder.Create(backend);
        var options = new AdamWOptions { Variant = AdamVariant.PyTorch, ClipNorm = ClipNorm.Summed };
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, options, seed: 1);
        var random = new Random(1);
        var batch = encoder.RandomBatch(random);
        float[] targets = [.. Enumerable.Range(0, encoder.Batch).Select(_ => (float)random.Next(2))];

        // Two steps until all memory is there and the kernels are compiled.
        learner.Step(batch, targets, 3e-5);
        learner.Step(batch, targets, 3e-5);
        backend.Reset();
        var times = new double[encoder.Steps];
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < times.Length; i++)
        {
            var start = Stopwatch.GetTimestamp();
            learner.Step(batch, targets, 3e-5);
            times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var step = new Measurement("step", Measurement.Ours, encoder.ToString(), Clock.Median(times), encoder.Flops) { Texts = encoder.Batch };
        arguments.Record(step, peaks.Share(step));
        ShowProfile(arguments, encoder, peaks, backend.Times, times.Average());
        Console.WriteLine($"managed memory taken: {allocated} bytes in {encoder.Steps} steps; activations {learner.ActivationPeak / 1048576.0:f1} MiB");
    }

    private static void ShowProfile(Arguments arguments, Encoder encoder, Peaks peaks, IReadOnlyList<OperationTime> times, double step)
    {
        var rest = step;
        foreach (var time in times)
        {
            var seconds = time.Time.TotalSeconds / encoder.Steps;
            rest -= seconds;

            // Attention sees row numbers, not lengths: its work is known here.
            var flops = time.Operation switch
            {
                nameof(IBackend.Attention) => encoder.AttentionFlops,
                nameof(IBackend.AttentionGradient) => 2.5 * encoder.AttentionFlops,
                _ => time.Flops / encoder.Steps,
            };
            var part = new Measurement("profile", Measurement.Ours, time.Operation, seconds, flops);
            arguments.Record(part, flops > 0 ? peaks.Share(part) : double.NaN);
        }

        arguments.Record(new Measurement("profile", Measurement.Ours, "(between the operations)", rest));
    }
}
