using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// Downloads files into the cache: continues what was broken off, checks what came, and never shows a half file under the final name.
/// Several processes may fetch the same file; one does and the others wait for it. Safe to use from several threads.
/// </summary>
public sealed class Downloader : IDisposable
{
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

    /// <summary>What the environment says about downloads.</summary>
    internal HubSettings Settings { get; init; } = HubSettings.FromEnvironment();

    /// <summary>How often and in how many pieces it asks.</summary>
    internal DownloadManner Manner { get; init; } = new();

    private WebRequests Requests => new(http, Settings);

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

            if (Settings.OfflineBy is { } variable)
            {
                throw Unreachable(target, spec, received: 0, Forbidden(variable), error: null);
            }

            var waiting = new DownloadProgress(spec.FileName, 0, spec.Size, 0, DownloadStage.WaitingForOther);
            using var held = await LockAsync(target, waiting, progress, cancellation).ConfigureAwait(false);
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
            throw CannotWrite(target, error);
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

    /// <summary>Reads what is at an address into memory, with as many attempts as a file has.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="most">How many bytes it may have; more is an error.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="HubException">There is no connection, the server refuses, or sends more.</exception>
    internal async Task<byte[]> ReadAsync(Uri address, int most, CancellationToken cancellation)
    {
        if (Settings.OfflineBy is { } variable)
        {
            throw new HubException($"{address} is not asked for: {Forbidden(variable)}") { Fault = HubFault.Unreachable, Cause = Forbidden(variable) };
        }

        var patience = new Patience(Manner.FirstPause);
        while (true)
        {
            TimeSpan pause;
            try
            {
                return await ReadOnceAsync(address, most, cancellation).ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                if (IsOffline(error) || patience.NextPause(error, progressed: false) is not { } next)
                {
                    var fault = IsOffline(error) ? HubFault.Unreachable : HubFault.Other;
                    throw new HubException($"{address} cannot be read: {error.Message}", error) { Fault = fault, Cause = CauseOf(error, address) };
                }

                pause = next;
            }

            await Task.Delay(pause, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until no other process works on a file of the cache, and says so meanwhile.</summary>
    /// <returns>The lock, to be disposed.</returns>
    internal static async Task<IDisposable> LockAsync(
        string target, DownloadProgress waiting, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var folder = Path.GetDirectoryName(target)!;
        var path = Path.Combine(folder, $".{Path.GetFileName(target)}.lock");
        try
        {
            Directory.CreateDirectory(folder);
            while (true)
            {
                if (FileLock.TryAcquire(path, deleteAfter: false) is { } held)
                {
                    return held;
                }

                progress?.Report(waiting);
                await Task.Delay(100, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(target, error);
        }
    }

    /// <summary>An answer's status as a message quotes it.</summary>
    internal static string Describe(HttpResponseMessage response) =>
        CheckpointException.Quote($"{(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd());

    /// <summary>Whether an error means that no connection came about at all.</summary>
    internal static bool IsOffline(Exception error) => error is HttpRequestException
    {
        HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.ProxyTunnelError
            or HttpRequestError.SecureConnectionError,
    };

    private async Task DownloadAsync(string target, DownloadSpec spec, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var part = new PartialFile(target);
        part.Load(spec);
        var download = new FileDownload(Requests, spec, part, Manner, progress);
        while (true)
        {
            try
            {
                await download.RunAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                throw Unreachable(target, spec, part.Length, CauseOf(error, spec.Address), error);
            }

            var expected = download.Stated.AddTo(spec);
            if (await Checksum.FindDifferenceAsync(part.Path, expected, cancellation).ConfigureAwait(false) is not { } difference)
            {
                break;
            }

            // What an earlier run left may be the damaged half: once more, all of it.
            part.Discard();
            if (!download.Resumed)
            {
                throw new HubException($"{spec.Address} was downloaded but {difference}. The file on the server has changed, or something on the way alters it.");
            }
        }

        part.Complete();
        NoteVerified(target, spec);
    }

    private async Task<byte[]> ReadOnceAsync(Uri address, int most, CancellationToken cancellation)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            using var response = await Requests.GetAsync(address, _ => silence.CancelAfter(Manner.LongestSilence), null, silence.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                throw TryAgainException.For(response)
                    ?? (Exception)new HubException($"{address} cannot be read: the server answered {Describe(response)}") { Status = response.StatusCode };
            }

            var body = await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                using var content = new MemoryStream();
                var buffer = new byte[1 << 16];
                int read;
                while ((read = await body.ReadAsync(buffer, silence.Token).ConfigureAwait(false)) > 0)
                {
                    silence.CancelAfter(Manner.LongestSilence);
                    content.Write(buffer, 0, read);
                    if (content.Length > most)
                    {
                        throw new HubException($"{address} sends more than {most} bytes");
                    }
                }

                return content.ToArray();
            }
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"no data for {Manner.LongestSilence.TotalSeconds:0} seconds", error);
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

    private static HubException CannotWrite(string target, Exception error) =>
        new($"{target} cannot be written: {error.Message} Set {CacheFolder.Variable} to a folder with room where you may write.", error);

    private static string Forbidden(string variable) => $"{variable} is set, so that nothing is downloaded";

    private static string CauseOf(Exception error, Uri address) =>
        $"{(IsOffline(error) ? $"there is no connection to {address.Host}" : "the download broke off")} ({error.Message})";

    private static HubException Unreachable(string target, DownloadSpec spec, long received, string cause, Exception? error)
    {
        var rest = received > 0 ? $"The {received} bytes that came are kept: with a connection, the next run goes on from there. Or fetch" : "Fetch";
        return new HubException(
            $"{Path.GetFileName(target)} is not in the cache and {cause}. {rest} {spec.Address}{spec.Description} yourself and put it at {target}",
            error)
        { Fault = HubFault.Unreachable, Cause = cause };
    }
}
