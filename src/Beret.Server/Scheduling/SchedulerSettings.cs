namespace Beret.Server.Scheduling;

/// <summary>The sizes of batches and queue.</summary>
/// <param name="BatchTokens">The most tokens of a batch, unless a single text has more.</param>
/// <param name="QueueTokens">The most tokens that wait.</param>
internal sealed record SchedulerSettings(int BatchTokens, long QueueTokens);
