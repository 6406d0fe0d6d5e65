using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// One attempt to get the rest of a file over HTTP. Asks for a range only of the version that the part is from (RFC 9110, sections 13.1.5 and 14), and begins
/// anew where the server has another version or no ranges.
/// </summary>
internal sealed class Transfer(HttpClient http, DownloadSpec spec, PartialFile part, IProgress<DownloadProgress>? progress, TimeSpan longestSilence)
{
    private const int MostRedirects = 10;

    private readonly TransferRate rate = new();
    private bool rangesWork = true;

    /// <summary>The SHA-256 that the server states for the file: Hugging Face sends it for large files as <c>X-Linked-ETag</c>.</summary>
    public string? StatedSha256 { get; private set; }

    /// <summary>Whether bytes of an earlier attempt are part of the file.</summary>
    public bool Resumed { get; private set; }

    /// <summary>Receives until the file is complete.</summary>
    /// <exception cref="HttpRequestException">No connection, or it broke; what came is kept.</exception>
    /// <exception cref="IOException">The connection broke or fell silent; what came is kept.</exception>
    /// <exception cref="HubException">The server refuses, or offers another file than is wanted; trying again is of no use.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (part.Length > 0 && part.Length == spec.Size)
        {
            Resumed = true;
            return;
        }

        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            using var response = await SendAsync(silence, cancellation).ConfigureAwait(false);
            var total = Accept(response);
            await ReceiveAsync(response, total, silence).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"no data for {longestSilence.TotalSeconds:0} seconds", error);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(CancellationTokenSource silence, CancellationToken cancellation)
    {
        var address = spec.Address;
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.AcceptEncoding.ParseAdd("identity");
            if (part.Length > 0 && rangesWork)
            {
                request.Headers.Range = new RangeHeaderValue(part.Length, null);
                if (part.Validator is not null)
                {
                    request.Headers.TryAddWithoutValidation("If-Range", part.Validator);
                }
            }

            silence.CancelAfter(longestSilence);
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token).ConfigureAwait(false);
            NoteStatedChecksum(response);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
            {
                return response;
            }

            response.Dispose();
            cancellation.ThrowIfCancellationRequested();
            address = new Uri(address, location);
            Downloader.CheckAddress(address, mayBeLocal: spec.Address.IsLoopback);
        }

        throw new HubException($"{spec.Address} redirects more than {MostRedirects} times");
    }

    // Decides whether the answer continues the part or begins anew; gives the size of the whole file, where the server says it.
    private long? Accept(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentEncoding.Count > 0)
        {
            throw new HubException($"{spec.Address} is sent as {string.Join(", ", response.Content.Headers.ContentEncoding)}, which was not asked for");
        }

        switch (response.StatusCode)
        {
            case HttpStatusCode.PartialContent when response.Content.Headers.ContentRange is { } range && part.Length > 0 && range.From == part.Length
                && !IsAnotherVersion(response):
                Resumed = true;
                return CheckTotal(range.Length ?? part.Length + response.Content.Headers.ContentLength);
            case HttpStatusCode.OK:
                part.Restart(spec, ValidatorOf(response));
                Resumed = false;
                return CheckTotal(response.Content.Headers.ContentLength);
            case HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable when rangesWork:
                // Not the range that was asked for, or of another version: the part is of no use here.
                rangesWork = false;
                part.Discard();
                throw new IOException("the server does not continue the download; it begins anew");
            case HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError:
                throw new IOException($"the server answered {Describe(response)}");
            default:
                throw new HubException($"{spec.Address} cannot be downloaded: the server answered {Describe(response)}") { Status = response.StatusCode };
        }
    }

    private async Task ReceiveAsync(HttpResponseMessage response, long? total, CancellationTokenSource silence)
    {
        progress?.Report(new DownloadProgress(spec.FileName, part.Length, total, rate.BytesPerSecond));
        var body = await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            using var file = OpenPart();
            var buffer = new byte[1 << 17];
            int read;
            do
            {
                silence.CancelAfter(longestSilence);
                read = await body.ReadAsync(buffer, silence.Token).ConfigureAwait(false);
                if (total is not null && part.Length + read > total)
                {
                    throw new HubException($"{spec.Address} sends more than the {total} bytes it should have");
                }

                Append(file, buffer.AsSpan(0, read));
                if (rate.Add(read) || read == 0)
                {
                    progress?.Report(new DownloadProgress(spec.FileName, part.Length, total, rate.BytesPerSecond));
                }
            }
            while (read > 0);
        }

        if (total is not null && part.Length < total)
        {
            throw new IOException($"the connection ended after {part.Length} of {total} bytes");
        }
    }

    private FileStream OpenPart()
    {
        try
        {
            return part.OpenAppend();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(error);
        }
    }

    private void Append(FileStream file, ReadOnlySpan<byte> bytes)
    {
        try
        {
            file.Write(bytes);
            part.Received(bytes.Length);
        }
        catch (IOException error)
        {
            throw CannotWrite(error);
        }
    }

    private HubException CannotWrite(Exception error) => new($"{part.Path} cannot be written: {error.Message}", error);

    private long? CheckTotal(long? total) => spec.Size is { } size && total is not null && total != size
        ? throw new HubException(string.Create(
            CultureInfo.InvariantCulture, $"{spec.Address} offers {total:N0} bytes where {size:N0} are expected: it is not the file that is wanted"))
        : total ?? spec.Size;

    private bool IsAnotherVersion(HttpResponseMessage response) =>
        part.Validator is not null && ValidatorOf(response) is { } now && now[0] == part.Validator[0] && now != part.Validator;

    // A weak ETag promises no equal bytes and may not be used here; the date of the last change may.
    private static string? ValidatorOf(HttpResponseMessage response) =>
        response.Headers.ETag is { IsWeak: false, Tag: var tag } ? tag : response.Content.Headers.LastModified?.ToString("R", CultureInfo.InvariantCulture);

    private void NoteStatedChecksum(HttpResponseMessage response)
    {
        if (response.Headers.TryGetValues("X-Linked-ETag", out var values) && values.First().Trim('"') is { Length: 64 } sum && sum.All(char.IsAsciiHexDigit))
        {
            StatedSha256 = sum;
        }
    }

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
        or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private static string Describe(HttpResponseMessage response) =>
        CheckpointException.Quote($"{(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd());
}
