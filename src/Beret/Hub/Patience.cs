using System.Net;

namespace Beret.Hub;

/// <summary>The server asks to be asked again: it is busy, or has trouble that may pass.</summary>
/// <param name="after">The pause that it asks for, where it does (RFC 9110, section 10.2.3).</param>
internal sealed class TryAgainException(string message, TimeSpan? after) : IOException(message)
{
    public TimeSpan? After { get; } = after;

    /// <summary>The exception for an answer that asks for another attempt; null for any other answer.</summary>
    public static TryAgainException? For(HttpResponseMessage response)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError))
        {
            return null;
        }

        var after = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - DateTimeOffset.UtcNow : null;
        var wish = after is null ? "" : $" and asks for a pause of {Math.Ceiling(after.Value.TotalSeconds):0} seconds";
        return new TryAgainException($"the server answered {Downloader.Describe(response)}{wish}", after);
    }
}

/// <summary>How often and when something is tried again: sooner at first, then after pauses that double, as long as there is hope.</summary>
/// <param name="firstPause">The pause after the first attempt.</param>
internal sealed class Patience(TimeSpan firstPause)
{
    private const int MostAttempts = 50;
    private const int MostAttemptsInVain = 4;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    private int attempts;
    private int inVain;

    /// <summary>How long to wait before the next attempt; null where there shall be none.</summary>
    /// <param name="error">What ended the last attempt.</param>
    /// <param name="progressed">Whether that attempt brought something.</param>
    public TimeSpan? NextPause(Exception error, bool progressed)
    {
        attempts++;
        inVain = progressed ? 0 : inVain + 1;
        var wanted = (error as TryAgainException)?.After;
        if (inVain >= MostAttemptsInVain || attempts >= MostAttempts || wanted > LongestPause)
        {
            return null;
        }

        // Many who were turned away together shall not come back together.
        var pause = firstPause * Math.Pow(2, inVain) * (0.75 + (0.5 * Random.Shared.NextDouble()));
        return wanted > pause ? wanted : pause;
    }
}
