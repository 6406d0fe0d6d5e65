namespace Beret.Hub;

/// <summary>The figures of docs/performance.md and docs/results.md; a test holds them to those pages.</summary>
internal static class MeasuredModels
{
    public static MeasuredModel MiniLM { get; } = new(TextsPerSecond: 65.3, TrainedPerSecond: 19.2, ImdbAccuracy: 0.8642);

    public static MeasuredModel BertBase { get; } = new(TextsPerSecond: 8.89, TrainedPerSecond: 2.52);

    public static MeasuredModel SmallBert { get; } = new(TextsPerSecond: 58.3, TrainedPerSecond: 17.7);
}
