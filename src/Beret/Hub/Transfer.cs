using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Beret.Hub;

/// <summary>The server no longer gives ranges of the version that has begun, or never did: the file has to be begun anew, as a whole.</summary>
internal sealed class RangesLostException() : IOException("the server does not continue the download; it begins anew");

/// <summary>
/// One attempt to get the rest of a segment over HTTP. Asks for a range only of the version that the part is from (RFC 9110, sections 13.1.5 and 14).
/// </summary>
internal sealed class Transfer(WebRequests requests, DownloadSpec spec, PartialFile part, PartialSegment segment, TransferMeter meter, TimeSpan longestSilence)
{
    /// <summary>Whether ranges may be asked for.</summary>
    public required bool MayUseRanges { get; init; }

    /// <summary>Called where a whole file begins to come from a server that gives ranges, with its size: it may be split now.</summary>
    public required Action<long> OnDivisible { get; init; }

    /// <summary>What the server states of the file.</summary>
    public required StatedChecksum Stated { get; init; }

    /// <summary>Whether bytes of an earlier attempt are part of the segment.</summary>
    public bool Resumed { get; private set; }

    // The part of a whole file begins where it has bytes; a segment of several may be asked for before it has any.
    private bool WantsRange => MayUseRanges && (segment.Position > 0 || segment.End is not null);

    /// <summary>Receives until the segment is complete.</summary>
    /// <exception cref="HttpRequestException">No connection, or it broke; what came is kept.</exception>
    /// <exception cref="IOException">The connection broke or fell silent, or the server is busy; what came is kept.</exception>
    /// <exception cref="RangesLostException">What came is of no use for what the server has now.</exception>
    /// <exception cref="HubException">The server refuses, or offers another file than is wanted; trying again is of no use.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (segment.IsComplete || (!part.IsSplit && segment.Length > 0 && segment.Length == (spec.Size ?? part.Total)))
        {
            Resumed = true;
            return;
        }

        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            using var response = await requests.GetAsync(spec.Address, Prepare, Stated.Note, silence.Token).ConfigureAwait(false);
            var total = Accept(response);
            await ReceiveAsync(response, total, silence).ConfigureAwait(false);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"no data for {longestSilence.TotalSeconds:0} seconds", error);
        }

        void Prepare(HttpRequestMessage request)
        {
            silence.CancelAfter(longestSilence);
            if (WantsRange)
            {
                request.Headers.Range = new RangeHeaderValue(segment.Position, segment.End - 1);
                if (part.Validator is not null)
                {
                    request.Headers.TryAddWithoutValidation("If-Range", part.Validator);
                }
            }
        }
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
            case HttpStatusCode.PartialContent when WantsRange && response.Content.Headers.ContentRange is { } range && range.From == segment.Position
                && !IsAnotherVersion(response, range.Length):
                Resumed |= segment.Length > 0;
                return CheckTotal(range.Length ?? (segment.End is null ? segment.Position + response.Content.Headers.ContentLength : part.Total));
            case HttpStatusCode.OK when !part.IsSplit:
                return Begin(response);
            case HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable when WantsRange:
                throw new RangesLostException();
            default:
                throw TryAgainException.For(response) ?? (Exception)new HubException(
                    $"{spec.Address} cannot be downloaded: the server answered {Downloader.Describe(response)}")
                { Status = response.StatusCode };
        }
    }

    private long? Begin(HttpResponseMessage response)
    {
        var total = CheckTotal(response.Content.Headers.ContentLength);
        var validator = ValidatorOf(response);
        part.Restart(spec, validator);
        Resumed = false;
        if (total is { } size && validator is not null && MayUseRanges && response.Headers.AcceptRanges.Contains("bytes"))
        {
            OnDivisible(size);
        }

        return total;
    }

    private async Task ReceiveAsync(HttpResponseMessage response, long? total, CancellationTokenSource silence)
    {
        meter.Report(total);
        var body = await response.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            using var file = OpenPart();
            var buffer = new byte[1 << 17];
            int read;
            do
            {
                silence.CancelAfter(longestSilence);
                var wanted = (int)Math.Min(buffer.Length, (segment.End - segment.Position) ?? buffer.Length);
                read = await body.ReadAsync(buffer.AsMemory(0, wanted), silence.Token).ConfigureAwait(false);
                if (total is not null && segment.Position + read > total)
                {
                    throw new HubException($"{spec.Address} sends more than the {total} bytes it should have");
                }

                Append(file, buffer.AsSpan(0, read));
                meter.Add(segment, read, total);
            }
            while (read > 0 && !segment.IsComplete);
        }

        if ((segment.End ?? total) is { } end && segment.Position < end)
        {
            throw new IOException($"the connection ended after {segment.Position} of {total} bytes");
        }

        meter.Report(total);
    }

    private FileStream OpenPart()
    {
        try
        {
            return segment.OpenAppend();
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
        }
        catch (IOException error)
        {
            throw CannotWrite(error);
        }
    }

    private HubException CannotWrite(Exception error) => new($"{segment.Path} cannot be written: {error.Message}", error);

    private long? CheckTotal(long? total) => spec.Size is { } size && total is not null && total != size
        ? throw new HubException(string.Create(
            CultureInfo.InvariantCulture, $"{spec.Address} offers {total:N0} bytes where {size:N0} are expected: it is not the file that is wanted"))
        : total ?? spec.Size;

    private bool IsAnotherVersion(HttpResponseMessage response, long? total) =>
        (part.Validator is not null && ValidatorOf(response) is { } now && now[0] == part.Validator[0] && now != part.Validator)
        || (part.Total is not null && total is not null && total != part.Total);

    // A weak ETag promises no equal bytes and may not be used here; the date of the last change may.
    private static string? ValidatorOf(HttpResponseMessage response) =>
        response.Headers.ETag is { IsWeak: false, Tag: var tag } ? tag : response.Content.Headers.LastModified?.ToString("R", CultureInfo.InvariantCulture);
}
