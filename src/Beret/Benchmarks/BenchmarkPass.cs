namespace Beret.Benchmarks;

/// <summary>What one size of batch costs: a training step or a forward pass.</summary>
/// <param name="Batch">Texts.</param>
/// <param name="Length">Tokens of each text.</param>
/// <param name="Seconds">The median of the repeats.</param>
/// <param name="Spread">Half the distance between the quartiles of the repeats, as a share of the median.</param>
/// <param name="Flops">The work of the matrix products over the tokens that are there.</param>
/// <param name="MemoryBytes">What the engine held at most: weights and activations; in training gradients and moments too; in inference packed weights.</param>
public sealed record BenchmarkPass(int Batch, int Length, double Seconds, double Spread, double Flops, long MemoryBytes)
{
    /// <summary>Where the time goes, the most expensive operation first.</summary>
    public IReadOnlyList<OperationShare> Operations { get; init; } = [];

    /// <summary>Texts a second.</summary>
    public double TextsPerSecond => Batch / Seconds;

    /// <summary>Tokens a second.</summary>
    public double TokensPerSecond => (double)Batch * Length / Seconds;

    /// <summary>Billions of operations a second.</summary>
    public double Gflops => Flops / Seconds / 1e9;
}
