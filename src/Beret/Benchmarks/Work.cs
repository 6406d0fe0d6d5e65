using Beret.Models;

namespace Beret.Benchmarks;

/// <summary>
/// The floating-point operations of the matrix products of an encoder's blocks, over the tokens that are there: two a weight and token forward, and those of the
/// attention. Embeddings, normalisation, the head and the optimizer are not counted. Training does three times as much as a forward pass. For BERT that is
/// tokens × (72 · layers · hidden² + 12 · layers · length · hidden) a step.
/// </summary>
internal static class Work
{
    private const int TrainingOverForward = 3;

    /// <summary>Of a forward pass over texts of these lengths.</summary>
    public static double Forward(EncoderConfig config, IEnumerable<int> lengths) => lengths.Sum(length => length * config.FlopsPerToken(length));

    /// <summary>Of a training step: the backward pass makes two products of each.</summary>
    public static double Training(EncoderConfig config, IEnumerable<int> lengths) => TrainingOverForward * Forward(config, lengths);

    /// <summary>The attention's part of a forward pass: what the length of a text adds.</summary>
    public static double Attention(EncoderConfig config, IEnumerable<int> lengths) =>
        lengths.Sum(length => length * (config.FlopsPerToken(length) - config.FlopsPerToken(0)));
}
