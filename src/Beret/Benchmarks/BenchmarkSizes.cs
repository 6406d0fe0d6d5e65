using Beret.Models;

namespace Beret.Benchmarks;

/// <summary>Which sizes of batch are measured: those that were asked for, or a few that show how time goes with texts and tokens.</summary>
/// <param name="config">The model's.</param>
/// <param name="options">What was asked for.</param>
/// <param name="flopsPerSecond">What the machine reaches at most.</param>
internal sealed class BenchmarkSizes(EncoderConfig config, BenchmarkOptions options, double flopsPerSecond)
{
    private const int UsualBatch = 32;
    private const int UsualLength = 128;

    // The most tokens of a batch: beyond it nothing becomes faster, and only the measuring takes longer.
    private const int MostTokens = 4096;

    private static readonly int[] Lengths = [32, 128, 512];
    private static readonly int[] TrainingBatches = [8, 32];
    private static readonly int[] InferenceBatches = [1, 8, 32];

    /// <summary>The size that everything else is set beside: the recipe's 32 texts of 128 tokens, or fewer texts where a step of them would take too long.</summary>
    public (int Batch, int Length) Main
    {
        get
        {
            var length = options.Length ?? Math.Min(UsualLength, config.MaxPositions);
            var batch = options.BatchSize ?? UsualBatch;
            while (options.BatchSize is null && batch > 1 && Expected(batch, length) * RunsOfMain > (options.Compares ? 0.5 : 1) * options.Budget.TotalSeconds)
            {
                batch /= 2;
            }

            return (batch, length);

            double Expected(int texts, int tokens) => Work.Training(config, Enumerable.Repeat(tokens, texts)) / flopsPerSecond;
        }
    }

    /// <summary>How often the main size is run: once to warm up.</summary>
    public const int RunsOfMain = 6;

    /// <summary>How often the others are.</summary>
    public const int RunsOfOthers = 4;

    /// <summary>The other sizes, short texts first.</summary>
    public IEnumerable<(int Batch, int Length)> Others(bool isTraining)
    {
        if (!options.Compares)
        {
            return [];
        }

        IEnumerable<int> lengths = options.Length is { } length ? [length] : Lengths.Where(one => one <= config.MaxPositions).Append(Main.Length).Distinct().Order();
        IEnumerable<int> batches = options.BatchSize is { } batch ? [batch] : isTraining ? TrainingBatches : InferenceBatches;
        var isAskedFor = options.BatchSize is not null || options.Length is not null;
        return lengths.SelectMany(tokens => batches.Select(texts => (texts, tokens)))
            .Where(size => size != Main && (isAskedFor || size.texts * size.tokens <= MostTokens));
    }
}
