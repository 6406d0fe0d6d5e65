using System.Runtime.ExceptionServices;

namespace Beret.Hub;

/// <summary>How files are downloaded.</summary>
internal sealed record DownloadManner
{
    /// <summary>How long to wait before another attempt; doubled with each in vain.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a server may send nothing.</summary>
    public TimeSpan LongestSilence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From this size on, in bytes, a file comes in several segments at once: one connection rarely fills a line.</summary>
    public long LargeFile { get; init; } = 64 << 20;

    /// <summary>The segments of a large file.</summary>
    public int Segments { get; init; } = 4;
}

/// <summary>
/// One file on its way: asks again where a connection breaks, brings a large file in segments at once where the server gives ranges, and begins anew, as a whole,
/// where it ceases to.
/// </summary>
internal sealed class FileDownload(WebRequests requests, DownloadSpec spec, PartialFile part, DownloadManner manner, IProgress<DownloadProgress>? progress)
{
    private readonly TransferMeter meter = new(spec, part, progress);
    private readonly List<Task> running = [];
    private bool mayUseRanges = true;
    private volatile bool resumed;
    private Exception? failure;

    /// <summary>What the server states of the file.</summary>
    public StatedChecksum Stated { get; } = new();

    /// <summary>Whether bytes of an earlier attempt are part of the file.</summary>
    public bool Resumed => resumed;

    /// <summary>Receives until the file is complete.</summary>
    /// <exception cref="HttpRequestException">No connection; what came is kept.</exception>
    /// <exception cref="IOException">The connection broke again and again, or the server stays busy; what came is kept.</exception>
    /// <exception cref="HubException">The server refuses, or offers another file than is wanted.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                resumed = false;
                await ReceiveAsync(cancellation).ConfigureAwait(false);
                part.Join();
                return;
            }
            catch (RangesLostException) when (mayUseRanges)
            {
                mayUseRanges = false;
                part.Discard();
            }
        }
    }

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        failure = null;
        running.Clear();
        foreach (var segment in part.Segments)
        {
            Start(segment, stop);
        }

        // The first of them may start the others.
        for (var i = 0; i < running.Count; i++)
        {
            await running[i].ConfigureAwait(false);
        }

        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }
    }

    private void Start(PartialSegment segment, CancellationTokenSource stop)
    {
        running.Add(RunAsync());

        // The first failure ends all the others, and is the one to tell.
        async Task RunAsync()
        {
            try
            {
                await ReceiveSegmentAsync(segment, stop).ConfigureAwait(false);
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref failure, error, null);
                await stop.CancelAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task ReceiveSegmentAsync(PartialSegment segment, CancellationTokenSource stop)
    {
        var patience = new Patience(manner.FirstPause);
        var start = segment.Length;
        while (true)
        {
            var before = segment.Length;
            var transfer = new Transfer(requests, spec, part, segment, meter, manner.LongestSilence)
            {
                MayUseRanges = mayUseRanges,
                Stated = Stated,
                OnDivisible = total => Divide(total, stop),
            };
            TimeSpan pause;
            try
            {
                await transfer.RunAsync(stop.Token).ConfigureAwait(false);
                resumed |= transfer.Resumed;
                return;
            }
            catch (Exception error) when (error is HttpRequestException or IOException and not RangesLostException)
            {
                var isHopeless = Downloader.IsOffline(error) && segment.Length == start;
                if (isHopeless || patience.NextPause(error, segment.Length > before) is not { } next)
                {
                    throw;
                }

                resumed |= transfer.Resumed;
                pause = next;
            }

            meter.Report(part.Total ?? spec.Size, DownloadStage.Pausing);
            await Task.Delay(pause, stop.Token).ConfigureAwait(false);
        }
    }

    private void Divide(long total, CancellationTokenSource stop)
    {
        if (total >= manner.LargeFile)
        {
            part.Split(total, manner.Segments);
            foreach (var segment in part.Segments.Skip(1))
            {
                Start(segment, stop);
            }
        }
    }
}
