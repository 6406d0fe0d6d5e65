using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using Beret.Inference;
using Beret.Server.Hosting;
using Beret.Server.Servables;

namespace Beret.Bench;

/// <summary>
/// A server under load, over the loopback: first as many clients as are told, each with one text after the other; then requests at twice the rate that was reached, whether or not
/// answers come. Every answer is compared with the library's, to the bit.
/// </summary>
internal sealed class ServerLoad : IDisposable
{
    private const int MostRequests = 200_000;

    private readonly HttpClient client;
    private readonly byte[][] bodies;
    private readonly float[] expected;
    private readonly ConcurrentBag<double> latencies = [];
    private int answered;
    private int refused;
    private int wrong;

    private ServerLoad(Uri address, IReadOnlyList<string> texts, float[] expected)
    {
        client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = int.MaxValue }) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        bodies = [.. texts.Select(text => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["text"] = text }))];
        this.expected = expected;
    }

    public static async Task RunAsync(Arguments arguments, string model, string file, int clients, int seconds)
    {
        var texts = await File.ReadAllLinesAsync(file).ConfigureAwait(false);
        var options = new ClassifierOptions { Threads = arguments.Threads, Precision = arguments.Precision };
        float[] expected;
        using (var classifier = Classifier.Load(model, options))
        {
            classifier.Predict(texts);
            var began = Stopwatch.GetTimestamp();
            expected = [.. classifier.Predict(texts).Select(prediction => prediction.Logits[0])];
            Console.WriteLine($"the library, {texts.Length} texts at once: {texts.Length / Stopwatch.GetElapsedTime(began).TotalSeconds:f1} texts/s");
        }

        await using var server = await BeretServer.StartAsync(new ServerSettings { Models = [new ModelLocation("m", model)], Port = 0, Classifier = options, QueueTokens = 1 << 15 }).ConfigureAwait(false);
        await server.Ready.ConfigureAwait(false);
        using var load = new ServerLoad(server.Address, texts, expected);
        await load.ClosedAsync(clients, TimeSpan.FromSeconds(2)).ConfigureAwait(false);
        load.Report("warm-up", TimeSpan.FromSeconds(2));
        var peak = await load.ClosedAsync(clients, TimeSpan.FromSeconds(seconds)).ConfigureAwait(false);
        var rate = load.Report($"{clients} clients", peak);
        var over = await load.OpenAsync(2 * rate, TimeSpan.FromSeconds(seconds)).ConfigureAwait(false);
        var kept = load.Report($"{2 * rate:f1} requests/s", over);
        Console.WriteLine($"at twice its capacity it keeps {kept / rate:p0}");
    }

    public void Dispose() => client.Dispose();

    /// <summary>Clients that ask again as soon as they are answered.</summary>
    private async Task<TimeSpan> ClosedAsync(int clients, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        var next = 0;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(began) < time)
            {
                await AskAsync(Interlocked.Increment(ref next)).ConfigureAwait(false);
            }
        }))).ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Requests at a rate.</summary>
    private async Task<TimeSpan> OpenAsync(double rate, TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        var asked = new List<Task>();
        while (Stopwatch.GetElapsedTime(began) < time && asked.Count < MostRequests)
        {
            while (asked.Count < Stopwatch.GetElapsedTime(began).TotalSeconds * rate)
            {
                asked.Add(AskAsync(asked.Count));
            }

            await Task.Delay(1).ConfigureAwait(false);
        }

        await Task.WhenAll(asked).ConfigureAwait(false);
        return Stopwatch.GetElapsedTime(began);
    }

    private async Task AskAsync(int number)
    {
        var i = number % bodies.Length;
        var began = Stopwatch.GetTimestamp();
        using var body = new ByteArrayContent(bodies[i]);
        using var answer = await client.PostAsync(new Uri("/v1/classify", UriKind.Relative), body).ConfigureAwait(false);
        if (answer.StatusCode == HttpStatusCode.TooManyRequests)
        {
            Interlocked.Increment(ref refused);
            return;
        }

        var text = await answer.Content.ReadAsStringAsync().ConfigureAwait(false);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new IOException($"{(int)answer.StatusCode}: {text}");
        }

        using var json = JsonDocument.Parse(Encoding.UTF8.GetBytes(text));
        if (json.RootElement.GetProperty("results")[0].GetProperty("logits")[0].GetSingle() != expected[i])
        {
            Interlocked.Increment(ref wrong);
        }

        Interlocked.Increment(ref answered);
        latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    /// <returns>Answers a second.</returns>
    private double Report(string what, TimeSpan time)
    {
        double[] sorted = [.. latencies.Order()];
        var rate = answered / time.TotalSeconds;
        Console.WriteLine(
            $"{what}: {rate:f1} texts/s, median {At(0.5):f1} ms, p99 {At(0.99):f1} ms, {answered} answered, {refused} refused, {wrong} wrong");
        latencies.Clear();
        (answered, refused, wrong) = (0, 0, 0);
        return rate;

        double At(double share) => sorted.Length == 0 ? double.NaN : sorted[(int)(share * (sorted.Length - 1))];
    }
}
