using Beret.Benchmarks;
using Beret.Numerics;

namespace Beret.Bench;

/// <summary>Forward passes on packed weights, as a classifier does them.</summary>
internal static class InferencePass
{
    public static void Run(Arguments arguments, Encoder encoder)
    {
        var peaks = Peaks.Measure(arguments);
        using var timer = new PassTimer(CpuBackend.Create(arguments.Threads), encoder.Create);
        var pass = timer.Infer(encoder.Batch, encoder.Length, seconds: 0, encoder.Steps);
        var batch = new Measurement("infer", Measurement.Ours, encoder.ToString(), pass.Seconds, pass.Flops) { Texts = encoder.Batch };
        arguments.Record(batch, peaks.Share(batch));
        Console.WriteLine($"{pass.TextsPerSecond:f0} texts/s");
    }
}
