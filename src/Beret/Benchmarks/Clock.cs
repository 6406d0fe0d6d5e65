using System.Diagnostics;

namespace Beret.Benchmarks;

/// <summary>Times of repeated runs.</summary>
internal static class Clock
{
    /// <summary>The seconds of each run; runs until the time is used up, and at least so often.</summary>
    /// <param name="run">What is timed.</param>
    /// <param name="seconds">The time.</param>
    /// <param name="least">The least number of runs.</param>
    /// <param name="prepare">Is called before every few runs, outside the time that is taken.</param>
    /// <param name="cancellation">Ends it between two runs.</param>
    public static List<double> Sample(Action run, double seconds, int least, Action? prepare = null, CancellationToken cancellation = default)
    {
        // In-place operations change their operand; after a few runs it would leave the range in which real values lie.
        const int runsAPreparation = 8;
        var times = new List<double>();
        var total = 0.0;
        while (times.Count < least || total < seconds)
        {
            prepare?.Invoke();
            run();
            for (var i = 0; i < runsAPreparation && (times.Count < least || total < seconds); i++)
            {
                cancellation.ThrowIfCancellationRequested();
                var start = Stopwatch.GetTimestamp();
                run();
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                total += times[^1];
            }
        }

        return times;
    }

    public static double Median(IEnumerable<double> times) => Quantile(times, 0.5);

    /// <summary>The value below which a share of the times lies, between two of them in proportion.</summary>
    public static double Quantile(IEnumerable<double> times, double share)
    {
        double[] sorted = [.. times.Order()];
        var place = share * (sorted.Length - 1);
        var below = (int)place;
        return below + 1 < sorted.Length ? sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]) : sorted[below];
    }

    /// <summary>Half the distance between the quartiles, as a share of the median: how much the times scatter.</summary>
    public static double Spread(IReadOnlyCollection<double> times) => (Quantile(times, 0.75) - Quantile(times, 0.25)) / 2 / Median(times);
}
