using System.Globalization;
using Beret.Data;
using Beret.Inference;
using Beret.Numerics;

namespace Beret.Bench.Serving;

/// <summary>What `beret serve` stands: its peak, twice its peak, a new version under load, the order to end under load, and a long time; and what a server in Node does with the same model.</summary>
internal static class ServingLoad
{
    private const int Port = 18501;
    private const int Clients = 64;
    private const int Texts = 512;
    private const int ExitCodeOfOrder = 0;

    /// <param name="arguments">Threads, precision, and how long.</param>
    /// <param name="beret">Beret.Cli.dll.</param>
    /// <param name="model">A run's folder.</param>
    /// <param name="data">Labelled texts, whose test part is asked.</param>
    /// <param name="minutes">How long memory is watched.</param>
    /// <param name="peer">The command of another server of the same model, which listens on the port that it is given as its last argument; empty for none.</param>
    public static async Task RunAsync(Arguments arguments, string beret, string model, string data, int minutes, string[] peer)
    {
        var examples = DataSource.Open(data).Load(DataSource.Test).Examples;
        string[] texts = [.. Enumerable.Range(0, Math.Min(Texts, examples.Count)).Select(i => examples[(int)((long)i * examples.Count / Math.Min(Texts, examples.Count))].Text)];
        double[] scores;
        using (var classifier = Classifier.Load(model, new ClassifierOptions { Threads = arguments.Threads, Precision = arguments.Precision }))
        {
            scores = [.. classifier.Predict(texts).Select(prediction => prediction.Score)];
        }

        var time = TimeSpan.FromSeconds(arguments.Quick ? 3 : 20);
        var root = Directory.CreateTempSubdirectory("beret-serving-").FullName;
        try
        {
            Copy(model, Path.Combine(root, "1"));
            var address = new Uri($"http://127.0.0.1:{Port}/v1/classify");
            using var load = new LoadGenerator(address, texts, scores);
            string[] serve =
            [
                beret, "serve", $"m={root}", "--port", Port.ToString(CultureInfo.InvariantCulture), "--threads", arguments.Threads.ToString(CultureInfo.InvariantCulture),
                "--precision", arguments.Precision.Format(), "--log", "none", "--poll", "1",
            ];
            using (var server = await ServerProcess.StartAsync("dotnet", serve, new Uri($"http://127.0.0.1:{Port}/readyz")).ConfigureAwait(false))
            {
                await load.ClosedAsync(Clients, time / 4).ConfigureAwait(false);
                var peak = await load.ClosedAsync(Clients, time).ConfigureAwait(false);
                Record(arguments, Measurement.Ours, $"{Clients} clients", peak);
                Record(arguments, Measurement.Ours, "one client", await load.ClosedAsync(1, time / 2).ConfigureAwait(false));
                Record(arguments, Measurement.Ours, "twice the peak", await load.OpenAsync(2 * peak.PerSecond, time).ConfigureAwait(false));

                var swapping = load.ClosedAsync(Clients, time);
                await Task.Delay(time / 4).ConfigureAwait(false);
                Copy(model, Path.Combine(root, "2"));
                Record(arguments, Measurement.Ours, "a new version under load", await swapping.ConfigureAwait(false));
                if (minutes > 0)
                {
                    await WatchMemoryAsync(arguments, server, load, TimeSpan.FromMinutes(minutes)).ConfigureAwait(false);
                }

                var ending = load.ClosedAsync(Clients, time / 2);
                await Task.Delay(time / 4).ConfigureAwait(false);
                var code = await server.EndAsync().ConfigureAwait(false);
                Record(arguments, Measurement.Ours, "SIGTERM under load", await ending.ConfigureAwait(false));
                if (code != ExitCodeOfOrder)
                {
                    throw new IOException($"the server ended with {code}");
                }
            }

            if (peer.Length > 0)
            {
                var port = Port + 1;
                using var other = await ServerProcess.StartAsync(peer[0], [.. peer[1..], port.ToString(CultureInfo.InvariantCulture)], new Uri($"http://127.0.0.1:{port}/ready")).ConfigureAwait(false);
                using var same = new LoadGenerator(new Uri($"http://127.0.0.1:{port}/classify"), texts, scores: null);
                await same.ClosedAsync(Clients, time / 4).ConfigureAwait(false);
                Record(arguments, "ONNX Runtime, Node", $"{Clients} clients", await same.ClosedAsync(Clients, time).ConfigureAwait(false));
                Record(arguments, "ONNX Runtime, Node", "one client", await same.ClosedAsync(1, time / 2).ConfigureAwait(false));
            }
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>What it holds after a tenth of the time, and at the end.</summary>
    private static async Task WatchMemoryAsync(Arguments arguments, ServerProcess server, LoadGenerator load, TimeSpan time)
    {
        await load.ClosedAsync(Clients, time / 10).ConfigureAwait(false);
        var early = server.Resident;
        var outcome = await load.ClosedAsync(Clients, time * 0.9).ConfigureAwait(false);
        Record(arguments, Measurement.Ours, $"memory over {time.TotalMinutes:0} minutes", outcome, measurement => measurement with { ResidentBefore = early, ResidentPeak = server.Resident });
    }

    private static void Record(Arguments arguments, string by, string name, LoadOutcome outcome, Func<Measurement, Measurement>? more = null)
    {
        var measurement = new Measurement("serve", by, name, outcome.Seconds)
        {
            Texts = (int)outcome.Answered, P50 = outcome.Median, P99 = outcome.P99, Rejected = outcome.Rejected, Refused = outcome.Refused, Wrong = outcome.Wrong, Lost = outcome.Lost,
        };
        arguments.Record(more?.Invoke(measurement) ?? measurement);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"         {outcome.Rejected} rejected, {outcome.Refused} refused, {outcome.Wrong} wrong, {outcome.Lost} lost{(outcome.Lost > 0 ? $": {outcome.Faults}" : "")}"));
    }

    /// <summary>A version as it is put there: under another name first.</summary>
    private static void Copy(string from, string to)
    {
        var part = Path.Combine(Path.GetDirectoryName(to)!, $".{Path.GetFileName(to)}.part");
        Directory.CreateDirectory(part);
        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(part, Path.GetFileName(file)));
        }

        Directory.Move(part, to);
    }
}
