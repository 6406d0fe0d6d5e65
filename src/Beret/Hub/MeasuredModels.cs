namespace Beret.Hub;

/// <summary>The figures of docs/performance.md and docs/results.md; a test holds them to those pages.</summary>
internal static class MeasuredModels
{
    public static MeasuredModel MiniLM { get; } = new(TextsPerSecond: 66.5, TrainedPerSecond: 20.4, ImdbAccuracy: 0.8642);

    public static MeasuredModel BertBase { get; } = new(TextsPerSecond: 8.61, TrainedPerSecond: 2.74);

    public static MeasuredModel SmallBert { get; } = new(TextsPerSecond: 56.6, TrainedPerSecond: 19.0);
}
