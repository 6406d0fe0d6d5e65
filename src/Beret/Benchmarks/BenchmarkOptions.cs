using Beret.Numerics;

namespace Beret.Benchmarks;

/// <summary>What is measured of a model.</summary>
public sealed record BenchmarkOptions
{
    /// <summary>Whether training steps are.</summary>
    public bool Train { get; init; } = true;

    /// <summary>Whether forward passes are.</summary>
    public bool Infer { get; init; } = true;

    /// <summary>The arithmetic of the matrix products; null for what the model was trained or quantized for. Training is not measured in int8.</summary>
    public Precision? Precision { get; init; }

    /// <summary>Texts of a batch; null for several sizes.</summary>
    public int? BatchSize { get; init; }

    /// <summary>Tokens of a text; null for several lengths.</summary>
    public int? Length { get; init; }

    /// <summary>Threads that compute; null for one for each processor.</summary>
    public int? Threads { get; init; }

    /// <summary>Whether several sizes and numbers of threads are compared; otherwise only one batch is measured, in training and in inference.</summary>
    public bool Compares { get; init; } = true;

    /// <summary>About how long to measure. Sizes that would take longer are left out; sizes that were asked for are not.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(40);
}
