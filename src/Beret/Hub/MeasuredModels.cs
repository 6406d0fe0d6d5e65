namespace Beret.Hub;

/// <summary>The figures of docs/performance.md and docs/results.md; a test holds them to those pages.</summary>
internal static class MeasuredModels
{
    public static MeasuredModel MiniLM { get; } = new(TextsPerSecond: 68, TrainedPerSecond: 21, ImdbAccuracy: 0.8642);

    public static MeasuredModel BertBase { get; } = new(TextsPerSecond: 9.9, TrainedPerSecond: 2.2);

    public static MeasuredModel SmallBert { get; } = new(TextsPerSecond: 61, TrainedPerSecond: 19);
}
