using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// Downloads files into the cache: continues what was broken off, checks what came, and never shows a half file under the final name.
/// Several processes may fetch the same file; one does and the others wait for it. Safe to use from several threads.
/// </summary>
public sealed class Downloader : IDisposable
{
    private const int MostAttempts = 50;
    private const int MostAttemptsInVain = 4;

    private readonly HttpClient http;

    /// <summary>Creates a downloader.</summary>
    /// <param name="cacheFolder">Where files are kept; by default <see cref="CacheFolder.Default"/>.</param>
    public Downloader(string? cacheFolder = null)
    {
        Folder = Path.GetFullPath(cacheFolder ?? CacheFolder.Default);
        http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(20) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.UserAgent.ParseAdd($"beret/{typeof(Downloader).Assembly.GetName().Version?.ToString(3) ?? "0"}");
    }

    /// <summary>The folder where files are kept.</summary>
    public string Folder { get; }

    /// <summary>How long to wait before another attempt; doubled with each in vain.</summary>
    internal TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a server may send nothing.</summary>
    internal TimeSpan LongestSilence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Where a file is, or will be, in the cache.</summary>
    /// <exception cref="ArgumentException">The file name leads out of the cache.</exception>
    public string PathOf(DownloadSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        var parts = spec.FileName.Split('/');
        return Array.TrueForAll(parts, ShardIndex.IsPlainFileName)
            ? Path.Combine([Folder, .. parts])
            : throw new ArgumentException($"{CheckpointException.Quote(spec.FileName)} is not a name within the cache", nameof(spec));
    }

    /// <summary>
    /// Gives the path of the file in the cache; downloads it first where it is not there. A file that somebody put there by hand is checked like a downloaded one.
    /// </summary>
    /// <exception cref="HubException">
    /// There is no connection (the message says what to fetch and where to put it), the server refuses, or the file is not the one that is wanted.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; what came is kept, and the next call goes on from there.</exception>
    public async Task<string> FetchAsync(DownloadSpec spec, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        var target = PathOf(spec);
        CheckAddress(spec.Address, mayBeLocal: true);
        try
        {
            if (File.Exists(target))
            {
                await VerifyAsync(target, spec, cancellation).ConfigureAwait(false);
                return target;
            }

            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var held = await LockAsync(target, cancellation).ConfigureAwait(false);
            if (File.Exists(target))
            {
                await VerifyAsync(target, spec, cancellation).ConfigureAwait(false);
                return target;
            }

            await DownloadAsync(target, spec, progress, cancellation).ConfigureAwait(false);
            return target;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"{target} cannot be written: {error.Message} Set {CacheFolder.Variable} to a folder with room where you may write.", error);
        }
    }

    /// <summary>Refuses what is neither https nor, where allowed, on this machine.</summary>
    internal static void CheckAddress(Uri address, bool mayBeLocal)
    {
        if (!address.IsAbsoluteUri || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback && mayBeLocal)))
        {
            throw new HubException($"{CheckpointException.Quote(address.ToString())} is not fetched: only https addresses are");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    private async Task DownloadAsync(string target, DownloadSpec spec, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var part = new PartialFile(target);
        part.Load(spec);
        var transfer = new Transfer(http, spec, part, progress, LongestSilence);
        while (true)
        {
            await ReceiveAllAsync(transfer, target, spec, part, cancellation).ConfigureAwait(false);
            var expected = spec.Sha256 is null ? spec with { Sha256 = transfer.StatedSha256 } : spec;
            if (await Checksum.FindDifferenceAsync(part.Path, expected, cancellation).ConfigureAwait(false) is not { } difference)
            {
                break;
            }

            // What an earlier run left may be the damaged half: once more, all of it.
            part.Discard();
            if (!transfer.Resumed)
            {
                throw new HubException($"{spec.Address} was downloaded but {difference}. The file on the server has changed, or something on the way alters it.");
            }
        }

        part.Complete();
        NoteVerified(target, spec);
    }

    private async Task ReceiveAllAsync(Transfer transfer, string target, DownloadSpec spec, PartialFile part, CancellationToken cancellation)
    {
        var start = part.Length;
        var inVain = 0;
        for (var attempt = 1; ; attempt++)
        {
            var before = part.Length;
            try
            {
                await transfer.RunAsync(cancellation).ConfigureAwait(false);
                return;
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                inVain = part.Length > before ? 0 : inVain + 1;
                var isOffline = IsOffline(error);
                if ((isOffline && part.Length == start) || inVain >= MostAttemptsInVain || attempt >= MostAttempts)
                {
                    throw Unreachable(target, spec, part.Length, error, isOffline);
                }
            }

            await Task.Delay(FirstPause * Math.Pow(2, inVain), cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<IDisposable> LockAsync(string target, CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.lock");
        while (true)
        {
            if (FileLock.TryAcquire(path, deleteAfter: false) is { } held)
            {
                return held;
            }

            await Task.Delay(100, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task VerifyAsync(string target, DownloadSpec spec, CancellationToken cancellation)
    {
        if (!spec.HasChecksum && spec.Size is null || Checksum.IsNoted(target, spec))
        {
            return;
        }

        if (await Checksum.FindDifferenceAsync(target, spec, cancellation).ConfigureAwait(false) is { } difference)
        {
            throw new HubException($"{target} {difference}. Delete it to have it downloaded again; "
                + "or, if it is the same content packed anew, give its path in place of the name.");
        }

        NoteVerified(target, spec);
    }

    // A note saves time and nothing more; a cache that somebody filled and made read-only does without.
    private static void NoteVerified(string target, DownloadSpec spec)
    {
        if (!spec.HasChecksum)
        {
            return;
        }

        try
        {
            Checksum.WriteNote(target, spec);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static bool IsOffline(Exception error) => error is HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError
            or HttpRequestError.SecureConnectionError,
    };

    private static HubException Unreachable(string target, DownloadSpec spec, long received, Exception error, bool isOffline)
    {
        var cause = isOffline ? $"there is no connection to {spec.Address.Host}" : "the download broke off";
        var rest = received > 0 ? $"The {received} bytes that came are kept: with a connection, the next run goes on from there. Or fetch" : "Fetch";
        return new HubException(
            $"{Path.GetFileName(target)} is not in the cache and {cause} ({error.Message}). {rest} {spec.Address}{spec.Description} yourself and put it at {target}",
            error)
        { IsUnreachable = true };
    }
}
