using Beret.Numerics;

namespace Beret.Bench;

/// <summary>What the machine can do at most, measured in the same run as what is compared with it.</summary>
/// <param name="Gflops">fp32 matrix products: the best over a few large shapes.</param>
/// <param name="Gigabytes">Memory: the best of a triad over all threads.</param>
internal sealed record Peaks(double Gflops, double Gigabytes)
{
    public static Peaks Measure(Arguments arguments)
    {
        var seconds = arguments.Quick ? 0.3 : 1;
        using var backend = arguments.CreateBackend();
        var products = GemmPeak.Measure(backend, seconds, arguments.Precision.Arithmetic());
        var memory = Triad.Measure(arguments.Threads, seconds);
        arguments.Record(new Measurement("gemm", Measurement.Ours, products.ToString(), products.Seconds, products.Flops));
        arguments.Record(memory);
        return new Peaks(products.Gflops, memory.Gigabytes);
    }

    /// <summary>The time of the bound that is hit first, as a share of the time taken.</summary>
    public double Share(Measurement measurement) => Math.Max(measurement.Gflops / Gflops, measurement.Gigabytes / Gigabytes);
}
