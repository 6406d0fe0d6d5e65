using System.Diagnostics;
using System.Text.Json;
using Beret.Inference;
using Beret.Numerics;
using Beret.Tokens;

namespace Beret.Bench;

/// <summary>Forward passes on packed weights, as a classifier does them: a block of texts of one length, texts of many lengths, one text.</summary>
internal static class InferencePass
{
    // Long enough for a program that compiles while it runs, as this one does, to have done so: the state that a service is in.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    public static void Block(Arguments arguments, Encoder encoder, int batch, int length, int steps)
    {
        using var timer = arguments.CreateTimer(encoder);
        var pass = timer.Infer(batch, length, seconds: 0, steps);
        arguments.Record(FineTuning.Named("infer", encoder, pass));
    }

    /// <summary>Texts of the lengths in a file (a JSON list of lengths, or of lists of ids), every so many of them and cut: a whole pass, the best of two.</summary>
    public static void Ragged(Arguments arguments, Encoder encoder, int cut, int texts, string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        var rows = document.RootElement.EnumerateArray().Select(row => row.ValueKind == JsonValueKind.Array ? row.GetArrayLength() : row.GetInt32()).ToList();
        var every = Math.Max(1, rows.Count / texts);
        var some = new RandomIds([.. rows.Where((_, i) => i % every == 0).Select(length => Math.Min(length, cut))]);
        using var model = new LoadedForInference(arguments, encoder);
        var scorer = new TextScorer(model.Runner);
        var logits = new float[some.Count];
        scorer.Score(some, logits);
        var best = Enumerable.Range(0, 2).Min(_ => SecondsOf(() => scorer.Score(some, logits)));
        arguments.Record(new Measurement("ragged", Measurement.Ours, $"{encoder} cut {cut}", best, Work.Forward(encoder.Config, some.Lengths))
        {
            Texts = some.Count, Tokens = some.Lengths.Sum(),
        });
    }

    public static void Single(Arguments arguments, Encoder encoder, int tokens, int runs)
    {
        using var model = new LoadedForInference(arguments, encoder);
        var batch = RandomTexts.Batch(1, tokens, Encoder.Vocabulary);
        var logits = new float[1];
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < WarmUp;)
        {
            model.Runner.Run(batch, logits);
        }

        double[] times = [.. Enumerable.Range(0, runs).Select(_ => SecondsOf(() => model.Runner.Run(batch, logits)))];
        var one = new Measurement("single", Measurement.Ours, $"{encoder} {tokens} tokens", Clock.Median(times), Work.Forward(encoder.Config, [tokens]));
        arguments.Record(one with { Texts = 1, Tokens = tokens, P99 = times.Order().ElementAt((int)(runs * 0.99)) });
    }

    private static double SecondsOf(Action run)
    {
        var start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>A model as a classifier holds it.</summary>
    private sealed class LoadedForInference : IDisposable
    {
        private readonly IBackend backend;
        private readonly Models.SequenceClassifier model;

        public LoadedForInference(Arguments arguments, Encoder encoder)
        {
            backend = arguments.CreateBackend();
            model = encoder.Create(backend);
            model.Parameters.Use(arguments.Precision.Arithmetic());
            model.Parameters.Pack();
            Runner = new BatchRunner(model, backend);
        }

        public BatchRunner Runner { get; }

        public void Dispose()
        {
            Runner.Dispose();
            model.Dispose();
            backend.Dispose();
        }
    }

    private sealed class RandomIds(int[] lengths) : ITokenizedTexts
    {
        private readonly int[][] ids = [.. lengths.Select((length, i) => new Random(i) is var random ? Enumerable.Range(0, length).Select(_ => random.Next(Encoder.Vocabulary)).ToArray() : [])];

        public int[] Lengths => lengths;

        public int Count => lengths.Length;

        public int WindowsOf(int text) => 1;

        public int LengthOf(int text) => lengths[text];

        public void AddTo(PackedBatch batch, int text, int window) => batch.Add(ids[text]);
    }
}
