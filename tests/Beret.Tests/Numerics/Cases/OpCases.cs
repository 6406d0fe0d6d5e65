using Beret.Numerics;

namespace Beret.Tests.Numerics.Cases;

/// <summary>
/// Every operation of the backend on shapes that matter: the edges of vectors and tiles for correctness, a model's own for speed.
/// In the manner of ggml's test-backend-ops: one list, three uses.
/// </summary>
internal static class OpCases
{
    /// <summary>On both sides of the widths of vectors and register tiles.</summary>
    public static readonly int[] Sizes = [1, 2, 3, 5, 7, 17, 24, 31, 33, 48, 65];

    public static IReadOnlyList<OpCase> All { get; } =
    [
        .. LinearCases.All,
        .. LinearGradientCases.All,
        .. GateCases.All,
        .. AttentionCases.All,
        .. RelativeAttentionCases.All,
        .. ConvolutionCases.All,
        .. TalkingHeadsCases.All,
        .. RotaryCases.All,
        .. EmbeddingCases.All,
        .. LayerNormCases.All,
        .. RowCases.All,
        .. LossCases.All,
        .. DistillationCases.All,
        .. RelationCases.All,
        .. TiedDecoderCases.All,
        .. OptimizerCases.All,
    ];

    public static IEnumerable<OpCase> For(Uses use) => All.Where(one => one.Uses.HasFlag(use));

    /// <summary>A use of dropout with a rate; the same in every case.</summary>
    public static Dropout Dropout(double rate) =>
        new(0x0123_4567_89AB_CDEF, Step: 7, Operation: 3, Beret.Numerics.Dropout.ThresholdOf(rate));

    /// <summary>Pairs of <see cref="Sizes"/>, with a third so that every two of the three occur in every combination.</summary>
    public static IEnumerable<(int First, int Second, int Third, int Number)> SizeTriples()
    {
        for (var i = 0; i < Sizes.Length; i++)
        {
            for (var j = 0; j < Sizes.Length; j++)
            {
                yield return (Sizes[i], Sizes[j], Sizes[(i + j) % Sizes.Length], i * Sizes.Length + j);
            }
        }
    }

    /// <summary>Whether the case with a number has an option (0, 1, …): half of them do, each option another half.</summary>
    public static bool Has(int option, int number) => ((uint)(number + 1) * 2654435761u >> (20 + option) & 1) != 0;
}
