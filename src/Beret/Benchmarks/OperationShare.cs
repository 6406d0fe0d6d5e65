using Beret.Numerics;

namespace Beret.Benchmarks;

/// <summary>One operation's part of a pass.</summary>
/// <param name="Operation">The operation of the engine; <see cref="Between"/> for what lies outside all of them.</param>
/// <param name="Seconds">All its calls in a pass together.</param>
/// <param name="Share">Of the pass.</param>
/// <param name="Flops">The work of its matrix products in a pass; 0 for an operation without any.</param>
public sealed record OperationShare(string Operation, double Seconds, double Share, double Flops)
{
    /// <summary>What the time between the operations is called.</summary>
    public const string Between = "(between the operations)";

    // The backward pass computes the scores anew: five products of queries and keys where the forward pass has two.
    private const double GradientOverForward = 2.5;

    /// <summary>Billions of operations a second.</summary>
    public double Gflops => Flops / Seconds / 1e9;

    /// <summary>The profile of passes that were timed, the most expensive operation first.</summary>
    /// <param name="times">Of all passes together.</param>
    /// <param name="passes">How many there were.</param>
    /// <param name="seconds">The mean time of a pass.</param>
    /// <param name="attention">The work of the attention in a forward pass; the operation itself sees row numbers, not lengths.</param>
    internal static IReadOnlyList<OperationShare> Of(IReadOnlyList<OperationTime> times, int passes, double seconds, double attention)
    {
        var operations = times.Select(time =>
        {
            var mean = time.Time.TotalSeconds / passes;
            return new OperationShare(time.Operation, mean, mean / seconds, WorkOf(time) / passes);
        }).ToList();
        var rest = Math.Max(0, seconds - operations.Sum(operation => operation.Seconds));
        operations.Add(new OperationShare(Between, rest, rest / seconds, 0));
        return [.. operations.OrderByDescending(operation => operation.Seconds)];

        double WorkOf(OperationTime time) => time.Operation switch
        {
            nameof(IBackend.Attention) or nameof(IBackend.RelativeAttention) or nameof(IBackend.TalkingHeadsAttention) => passes * attention,
            nameof(IBackend.AttentionGradient) or nameof(IBackend.RelativeAttentionGradient) or nameof(IBackend.TalkingHeadsAttentionGradient) =>
                passes * GradientOverForward * attention,
            _ => time.Flops,
        };
    }
}
