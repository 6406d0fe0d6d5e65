namespace Beret.Hub;

/// <summary>What a download is doing.</summary>
public enum DownloadStage
{
    /// <summary>Bytes are coming.</summary>
    Receiving,

    /// <summary>Another process downloads the same file; this one waits for it.</summary>
    WaitingForOther,

    /// <summary>The connection broke or the server is busy; the next attempt comes after a pause.</summary>
    Pausing,

    /// <summary>The archive is here and is being unpacked.</summary>
    Unpacking,
}

/// <summary>How far a download is.</summary>
/// <param name="FileName">The file's place in the cache.</param>
/// <param name="Received">Bytes that are here, those of earlier attempts included.</param>
/// <param name="Total">The size of the whole file in bytes, where known.</param>
/// <param name="BytesPerSecond">The recent rate; 0 until it is known.</param>
/// <param name="Stage">What it is doing.</param>
public readonly record struct DownloadProgress(
    string FileName, long Received, long? Total, double BytesPerSecond, DownloadStage Stage = DownloadStage.Receiving)
{
    /// <summary>The time that the rest will take at this rate; null while size or rate is unknown.</summary>
    public TimeSpan? TimeLeft => Total is { } total && BytesPerSecond > 0 ? TimeSpan.FromSeconds(Math.Min((total - Received) / BytesPerSecond, 1e9)) : null;
}
