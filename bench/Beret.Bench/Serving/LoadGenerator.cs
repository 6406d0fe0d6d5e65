using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Beret.Bench.Serving;

/// <summary>Asks a server on this machine for one text a request, and holds every answer to what it has to be.</summary>
/// <param name="address">What the requests go to: POST with <c>{"text": …}</c>, answered with <c>{"results": [{"score": …}]}</c>.</param>
/// <param name="texts">The texts; request i has text i, and begins again.</param>
/// <param name="scores">What each is to be answered; null where any number is right.</param>
internal sealed class LoadGenerator(Uri address, IReadOnlyList<string> texts, IReadOnlyList<double>? scores) : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    // Beyond what any server here queues: an open load must not become a closed one.
    private const int MostOutstanding = 4096;

    // How often an open load looks what is due. Its requests come a few at a time, and the generator wakes, on the processors of the server that it measures, no more often than this.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    private readonly byte[][] bodies = [.. texts.Select(text => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["text"] = text }))];
    private readonly HttpClient client = new(new SocketsHttpHandler { MaxConnectionsPerServer = MostOutstanding, UseProxy = false }) { Timeout = TimeSpan.FromMinutes(1) };
    private int next;

    public void Dispose() => client.Dispose();

    /// <summary>Some clients, each of which asks again when it is answered.</summary>
    public async Task<LoadOutcome> ClosedAsync(int clients, TimeSpan time, CancellationToken cancellation = default)
    {
        var outcome = new LoadOutcome();
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(
            async () =>
            {
                while (clock.Elapsed < time && !cancellation.IsCancellationRequested)
                {
                    await AskAsync(outcome).ConfigureAwait(false);
                }
            },
            CancellationToken.None))).ConfigureAwait(false);
        outcome.Seconds = clock.Elapsed.TotalSeconds;
        return outcome;
    }

    /// <summary>Requests that come at their own pace, whatever becomes of those before them.</summary>
    public async Task<LoadOutcome> OpenAsync(double perSecond, TimeSpan time)
    {
        var outcome = new LoadOutcome();
        var clock = Stopwatch.StartNew();
        var asked = new List<Task>();
        while (clock.Elapsed < time)
        {
            var due = (int)(clock.Elapsed.TotalSeconds * perSecond);
            while (asked.Count < due)
            {
                asked.Add(AskAsync(outcome));
            }

            await Task.Delay(Tick).ConfigureAwait(false);
        }

        // The rate of answers is that of the load; what is still under way at its end is waited for all the same.
        var answered = outcome.Answered;
        var seconds = clock.Elapsed.TotalSeconds;
        await Task.WhenAll(asked).ConfigureAwait(false);
        outcome.Seconds = seconds * outcome.Answered / Math.Max(1, answered);
        return outcome;
    }

    private async Task AskAsync(LoadOutcome outcome)
    {
        var text = (Interlocked.Increment(ref next) - 1) % bodies.Length;
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var body = new ByteArrayContent(bodies[text]) { Headers = { ContentType = Json } };
            using var response = await client.PostAsync(address, body).ConfigureAwait(false);
            if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)
            {
                outcome.Reject();
                return;
            }

            if (response.StatusCode != HttpStatusCode.OK)
            {
                outcome.Lose($"status {(int)response.StatusCode}");
                return;
            }

            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync().ConfigureAwait(false));
            var score = document.RootElement.GetProperty("results")[0].GetProperty("score").GetDouble();
            outcome.Answer(Stopwatch.GetElapsedTime(started).TotalSeconds, scores is null || score == scores[text]);
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConnectionError)
        {
            outcome.Refuse();
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or JsonException or KeyNotFoundException)
        {
            outcome.Lose(error is HttpRequestException request ? request.HttpRequestError.ToString() : error.GetType().Name);
        }
    }
}
