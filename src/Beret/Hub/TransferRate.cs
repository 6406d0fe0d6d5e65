using System.Diagnostics;

namespace Beret.Hub;

/// <summary>The recent rate of a download, smoothed, and when it is time to report again.</summary>
internal sealed class TransferRate
{
    // Reports ten times a second; the rate follows a change within a few seconds.
    private const double Interval = 0.1;
    private const double TimeConstant = 3;

    private readonly Stopwatch clock = Stopwatch.StartNew();
    private double lastTime;
    private long pending;

    public double BytesPerSecond { get; private set; }

    /// <summary>Adds received bytes; true where a report is due.</summary>
    public bool Add(int bytes)
    {
        pending += bytes;
        var elapsed = clock.Elapsed.TotalSeconds - lastTime;
        if (elapsed < Interval)
        {
            return false;
        }

        var rate = pending / elapsed;
        BytesPerSecond = lastTime == 0 ? rate : rate + ((BytesPerSecond - rate) * Math.Exp(-elapsed / TimeConstant));
        lastTime += elapsed;
        pending = 0;
        return true;
    }
}
