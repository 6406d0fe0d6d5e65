namespace Beret.Server.Scheduling;

/// <summary>The sizes of batches and queue.</summary>
/// <param name="BatchTokens">The most tokens of a batch, unless a single text has more.</param>
/// <param name="QueueTokens">The most tokens that a request may have before it.</param>
/// <param name="LongestWait">The most time that these may take, as fast as it goes now; a request that would have to wait longer is refused at once, and not after it has waited.</param>
internal sealed record SchedulerSettings(int BatchTokens, long QueueTokens, TimeSpan LongestWait);
