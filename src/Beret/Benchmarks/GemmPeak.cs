using Beret.Numerics;

namespace Beret.Benchmarks;

/// <summary>What a backend reaches at most in matrix products: the best over a few large shapes, weights packed.</summary>
/// <param name="Shape">The shape that was fastest.</param>
/// <param name="Seconds">Its best time.</param>
/// <param name="Flops">Its work.</param>
/// <param name="Arithmetic">Its arithmetic.</param>
internal sealed record GemmPeak((int Tokens, int Outputs, int Inputs) Shape, double Seconds, double Flops, ElementType Arithmetic)
{
    private const int ProbeTokens = 256;

    /// <summary>[Tokens, Inputs] · [Outputs, Inputs]ᵀ; the programs of the peers take the same.</summary>
    private static readonly (int Tokens, int Outputs, int Inputs)[] Shapes = [(4096, 1024, 1024), (2048, 2048, 2048), (4096, 1536, 384), (4096, 384, 1536)];

    public double Gflops => Flops / Seconds / 1e9;

    /// <summary>Measures it.</summary>
    /// <param name="backend">Where the products are computed.</param>
    /// <param name="seconds">The time for each shape.</param>
    /// <param name="arithmetic">Of the products.</param>
    /// <param name="cancellation">Ends it between two products.</param>
    public static GemmPeak Measure(IBackend backend, double seconds, ElementType arithmetic = ElementType.Float32, CancellationToken cancellation = default)
    {
        // A slow machine gets fewer rows: what it reaches does not depend on thousands of them.
        var (_, outputs, inputs) = Shapes[0];
        var rate = Product(backend, (ProbeTokens, outputs, inputs), seconds: 0, arithmetic, cancellation).Gflops * 1e9;
        return Shapes.Select(shape => Product(backend, shape with { Tokens = Fit(shape) }, seconds, arithmetic, cancellation)).MaxBy(product => product.Gflops)!;

        int Fit((int Tokens, int Outputs, int Inputs) shape)
        {
            var tokens = shape.Tokens;
            while (tokens > ProbeTokens && 2.0 * tokens * shape.Outputs * shape.Inputs / rate > seconds)
            {
                tokens /= 2;
            }

            return tokens;
        }
    }

    /// <summary>The better of this and the same shape now: on a machine that others use, a peak is seen only now and then.</summary>
    public GemmPeak Again(IBackend backend, double seconds, CancellationToken cancellation = default)
    {
        var now = Product(backend, Shape, seconds, Arithmetic, cancellation);
        return now.Gflops > Gflops ? now : this;
    }

    public override string ToString() => $"{Shape.Tokens} × {Shape.Outputs} × {Shape.Inputs}";

    private static GemmPeak Product(IBackend backend, (int Tokens, int Outputs, int Inputs) shape, double seconds, ElementType arithmetic, CancellationToken cancellation)
    {
        var random = new Random(1);
        List<nint> taken = [];
        try
        {
            var input = Filled(shape.Tokens, shape.Inputs);
            var weight = Filled(shape.Outputs, shape.Inputs);
            var packed = Take(1, checked((int)backend.PackedLength(shape.Outputs, shape.Inputs, arithmetic)));
            var output = Take(shape.Tokens, shape.Outputs);
            backend.PackWeight(weight, packed, arithmetic);
            var best = Clock.Sample(
                () => backend.Linear(input, weight, packed, Matrix.None, Activation.None, Matrix.None, output, arithmetic), seconds, least: 2, cancellation: cancellation).Min();
            return new GemmPeak(shape, best, 2.0 * shape.Tokens * shape.Outputs * shape.Inputs, arithmetic);
        }
        finally
        {
            taken.ForEach(backend.Free);
        }

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
