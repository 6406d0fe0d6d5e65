namespace Beret.Hub;

/// <summary>Counts what comes of a file, over all its segments, and reports it now and then, in order.</summary>
internal sealed class TransferMeter(DownloadSpec spec, PartialFile part, IProgress<DownloadProgress>? progress)
{
    private readonly Lock turn = new();
    private readonly TransferRate rate = new();

    /// <summary>Notes bytes that came.</summary>
    public void Add(PartialSegment segment, int bytes, long? total)
    {
        lock (turn)
        {
            segment.Received(bytes);
            if (rate.Add(bytes))
            {
                Send(total, DownloadStage.Receiving);
            }
        }
    }

    /// <summary>Reports at once.</summary>
    public void Report(long? total, DownloadStage stage = DownloadStage.Receiving)
    {
        lock (turn)
        {
            Send(total, stage);
        }
    }

    private void Send(long? total, DownloadStage stage) => progress?.Report(new DownloadProgress(spec.FileName, part.Length, total, rate.BytesPerSecond, stage));
}
