using Beret.Inference;
using Beret.Numerics;

namespace Beret.Bench;

/// <summary>Forward passes on packed weights, as a classifier does them.</summary>
internal static class InferencePass
{
    public static void Run(Arguments arguments, Encoder encoder)
    {
        var peaks = Peaks.Measure(arguments);
        using var backend = CpuBackend.Create(arguments.Threads);
        using var model = encoder.Create(backend);
        model.Parameters.Pack();
        using var runner = new BatchRunner(model, backend);
        var batch = encoder.RandomBatch(new Random(1));
        var logits = new float[encoder.Batch];
        var times = Clock.Sample(() => runner.Run(batch, logits), seconds: 0, encoder.Steps);
        var pass = new Measurement("infer", Measurement.Ours, encoder.ToString(), Clock.Median(times), encoder.Flops / 3) { Texts = encoder.Batch };
        arguments.Record(pass, peaks.Share(pass));
        Console.WriteLine($"{encoder.Batch / pass.Seconds:f0} texts/s");
    }
}
