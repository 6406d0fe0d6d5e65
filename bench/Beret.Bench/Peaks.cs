using Beret.Numerics;

namespace Beret.Bench;

/// <summary>What the machine can do at most, measured in the same run as what is compared with it.</summary>
/// <param name="Gflops">fp32 matrix products: the best over a few large shapes of our own.</param>
/// <param name="Gigabytes">Memory: the best of a triad over all threads.</param>
internal sealed record Peaks(double Gflops, double Gigabytes)
{
    /// <summary>[Tokens, Inputs] · [Outputs, Inputs]ᵀ; the peers' programs take the same.</summary>
    private static readonly (int Tokens, int Outputs, int Inputs)[] Shapes = [(4096, 1024, 1024), (2048, 2048, 2048), (4096, 1536, 384), (4096, 384, 1536)];

    public static Peaks Measure(Arguments arguments)
    {
        var seconds = arguments.Quick ? 0.3 : 1;
        using var backend = CpuBackend.Create(arguments.Threads);
        var products = Shapes.Select(shape => Product(backend, shape, seconds)).MaxBy(product => product.Gflops)!;
        var memory = Triad.Measure(arguments.Threads, seconds);
        arguments.Record(products);
        arguments.Record(memory);
        return new Peaks(products.Gflops, memory.Gigabytes);
    }

    /// <summary>The time of the bound that is hit first, as a share of the time taken.</summary>
    public double Share(Measurement measurement) => Math.Max(measurement.Gflops / Gflops, measurement.Gigabytes / Gigabytes);

    private static Measurement Product(IBackend backend, (int Tokens, int Outputs, int Inputs) shape, double seconds)
    {
        var random = new Random(1);
        List<nint> taken = [];
        var input = Filled(shape.Tokens, shape.Inputs);
        var weight = Filled(shape.Outputs, shape.Inputs);
        var packed = Take(1, checked((int)backend.PackedLength(shape.Outputs, shape.Inputs)));
        var output = Take(shape.Tokens, shape.Outputs);
        backend.PackWeight(weight, packed);
        var best = Clock.Sample(() => backend.Linear(input, weight, packed, Matrix.None, Activation.None, Matrix.None, output), seconds, 5).Min();
        taken.ForEach(backend.Free);
        return new Measurement(
            "gemm", Measurement.Ours, $"{shape.Tokens} × {shape.Outputs} × {shape.Inputs}", best, 2.0 * shape.Tokens * shape.Outputs * shape.Inputs);

        Matrix Take(int rows, int columns)
        {
            taken.Add(backend.Allocate((long)rows * columns * sizeof(float)));
            return new Matrix(taken[^1], rows, columns);
        }

        Matrix Filled(int rows, int columns)
        {
            var matrix = Take(rows, columns);
            backend.Write([.. Enumerable.Range(0, rows * columns).Select(_ => random.NextSingle() - 0.5f)], matrix);
            return matrix;
        }
    }
}
