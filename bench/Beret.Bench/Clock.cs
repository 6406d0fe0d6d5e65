using System.Diagnostics;

namespace Beret.Bench;

/// <summary>Times of repeated runs.</summary>
internal static class Clock
{
    /// <summary>The seconds of each run; runs until the time is used up, and at least so often.</summary>
    /// <param name="prepare">Is called before every few runs, outside the time that is taken.</param>
    public static List<double> Sample(Action run, double seconds, int least, Action? prepare = null)
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
                var start = Stopwatch.GetTimestamp();
                run();
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                total += times[^1];
            }
        }

        return times;
    }

    public static double Median(IEnumerable<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }
}
