using Beret.Numerics;

namespace Beret.Benchmarks;

/// <summary>How fast a model is on this machine.</summary>
public sealed record BenchmarkResult
{
    /// <summary>The model's name or path.</summary>
    public required string Model { get; init; }

    /// <summary>Its family and sizes, in words.</summary>
    public required string Architecture { get; init; }

    /// <summary>The number of its weights, the classifier included.</summary>
    public required long Parameters { get; init; }

    /// <summary>The arithmetic of the matrix products.</summary>
    public required Precision Precision { get; init; }

    /// <summary>Threads that computed.</summary>
    public required int Threads { get; init; }

    /// <summary>The vector instructions in use, in words.</summary>
    public required string InstructionSet { get; init; }

    /// <summary>What the engine's matrix products reached at most on this machine, in billions of operations a second.</summary>
    public required double GemmPeakGflops { get; init; }

    /// <summary>Training steps, the main size first; empty where training was not measured.</summary>
    public required IReadOnlyList<BenchmarkPass> Training { get; init; }

    /// <summary>Forward passes, the main size first; empty where inference was not measured.</summary>
    public required IReadOnlyList<BenchmarkPass> Inference { get; init; }

    /// <summary>How many times as fast as one thread all of them predict the main size; 0 where that was not measured.</summary>
    public required double SpeedUp { get; init; }

    /// <summary>Sizes that would have taken too long, in words.</summary>
    public required IReadOnlyList<string> LeftOut { get; init; }

    /// <summary>The most memory that the process has held so far, in bytes.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>What the figures recommend, a sentence each.</summary>
    public required IReadOnlyList<string> Advice { get; init; }

    /// <summary>As tables, for reading. Ends with a line feed.</summary>
    public string ToText() => BenchmarkWriter.Text(this);

    /// <summary>The main size as one flat, indented JSON object; what was not measured is null. Ends with a line feed.</summary>
    public string ToJson() => BenchmarkWriter.Json(this);
}
