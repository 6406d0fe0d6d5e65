using System.Text.Json;
using System.Text.Json.Serialization;

namespace Beret.Bench;

/// <summary>A time and the work that was done in it. The peers' programs write the same JSON.</summary>
/// <param name="Kind">
/// gemm, memory, op, step, infer, ragged, single, resident, growth, tokens, start, serve, or profile (one operation's part of a step).
/// </param>
/// <param name="By">Who did it.</param>
/// <param name="Name">What was done: an operation and its shape, or a model and its batch.</param>
/// <param name="Seconds">The best time of a peak and of ragged texts, the median otherwise.</param>
/// <param name="Flops">Floating-point operations in that time.</param>
/// <param name="Bytes">Bytes that have to be read or written at least once.</param>
internal sealed record Measurement(string Kind, string By, string Name, double Seconds, double Flops = 0, double Bytes = 0)
{
    public const string Ours = "Beret";
    public const string Fp32 = "fp32";

    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The arithmetic of the matrix products: fp32, bf16 or int8.</summary>
    public string Precision { get; init; } = Fp32;

    /// <summary>Texts in that time, where it is about texts.</summary>
    public int Texts { get; init; }

    /// <summary>Tokens in that time, where it is about tokens.</summary>
    public long Tokens { get; init; }

    /// <summary>The median of the times, where they are many and <see cref="Seconds"/> is that of all of them.</summary>
    public double P50 { get; init; }

    /// <summary>The 99th percentile of the times, where they are many.</summary>
    public double P99 { get; init; }

    /// <summary>The model's weights, where it is about memory.</summary>
    public long Parameters { get; init; }

    /// <summary>The most bytes that the process held before it made the model.</summary>
    public long ResidentBefore { get; init; }

    /// <summary>The most bytes that the process held.</summary>
    public long ResidentPeak { get; init; }

    /// <summary>Bytes of activations and their gradients, where the program knows them.</summary>
    public long ActivationBytes { get; init; }

    /// <summary>Requests that were told to come again.</summary>
    public long Rejected { get; init; }

    /// <summary>Requests that found nobody listening.</summary>
    public long Refused { get; init; }

    /// <summary>Answers that are not what they have to be.</summary>
    public long Wrong { get; init; }

    /// <summary>Requests that were taken and not answered.</summary>
    public long Lost { get; init; }

    [JsonIgnore]
    public double Gflops => Flops / Seconds / 1e9;

    [JsonIgnore]
    public double Gigabytes => Bytes / Seconds / 1e9;

    public static IReadOnlyList<Measurement> Read(string path) =>
    [
        .. File.ReadLines(path)
            .Where(line => line.Length > 0)
            .Select(line => JsonSerializer.Deserialize<Measurement>(line, Format) ?? throw new FormatException($"{path} holds an empty measurement")),
    ];

    public string ToJson() => JsonSerializer.Serialize(this, Format);

    public override string ToString() =>
        $"{Kind,-8} {Precision} {Name,-67} {Seconds * 1e3,10:f3} ms"
        + $"{(Flops > 0 ? $"{Gflops,8:f1} GFLOP/s" : new string(' ', 16))}{(Bytes > 0 ? $"{Gigabytes,8:f1} GB/s" : "")}"
        + $"{(Texts > 0 ? $"{Texts / Seconds,8:f1} texts/s" : "")}{(P99 > 0 ? $"   p99 {P99 * 1e3:f3} ms" : "")}";
}
