using System.Diagnostics;
using Beret.Data;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Bench;

/// <summary>The test texts of a data set through a model's tokenizer: whole texts from memory, nothing cut, each flavour on one thread and on all.</summary>
internal static class Tokenization
{
    public static void Run(Arguments arguments, string model, string data)
    {
        var texts = DataSource.Open(data).Load(DataSource.Test).Examples;
        Measure(arguments, model, "reviews", texts, [TokenizerFlavour.HuggingFace, TokenizerFlavour.TensorFlow, TokenizerFlavour.Google]);

        // From few texts to more than there are, by going round.
        var flavour = Tokenizer.Load(model, TokenizerFlavour.HuggingFace);
        foreach (var count in arguments.Quick ? [1000, 10_000] : new[] { 1000, 10_000, 100_000 })
        {
            Example[] some = [.. Enumerable.Range(0, count).Select(i => texts[i % texts.Count])];
            var times = new List<double>();
            var tokens = Encode(flavour, some, arguments.Threads);
            for (var round = 0; round < 5; round++)
            {
                var start = Stopwatch.GetTimestamp();
                tokens = Encode(flavour, some, arguments.Threads);
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            arguments.Record(new Measurement("growth", Measurement.Ours, $"reviews {count}", Clock.Median(times)) { Texts = count, Tokens = tokens });
        }

        // What other languages do to the same texts: a few accented letters, and no ASCII letter at all.
        Measure(arguments, model, "accents", [.. texts.Select(text => text with { Text = Accented(text.Text) })], [TokenizerFlavour.HuggingFace]);
        Measure(arguments, model, "Chinese", [.. texts.Select(text => text with { Text = Chinese(text.Text) })], [TokenizerFlavour.HuggingFace]);
    }

    private static void Measure(Arguments arguments, string model, string name, IReadOnlyList<Example> texts, TokenizerFlavour[] flavours)
    {
        foreach (var flavour in flavours)
        {
            var tokenizer = Tokenizer.Load(model, flavour);
            int[] threads = arguments.Threads == 1 ? [1] : [1, arguments.Threads];
            var tokens = Encode(tokenizer, texts, arguments.Threads);
            var times = threads.Select(_ => new List<double>()).ToArray();
            for (var round = 0; round < (arguments.Quick ? 1 : 7); round++)
            {
                for (var i = 0; i < threads.Length; i++)
                {
                    var start = Stopwatch.GetTimestamp();
                    tokens = Encode(tokenizer, texts, threads[i]);
                    times[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
            }

            for (var i = 0; i < threads.Length; i++)
            {
                var one = new Measurement("tokens", Measurement.Ours, $"{name} {flavour.Format()} t{threads[i]}", Clock.Median(times[i]))
                {
                    Texts = texts.Count,
                    Tokens = tokens,
                };
                arguments.Record(one);
                Console.WriteLine($"{one.Tokens} tokens, {one.Tokens / one.Seconds / 1e6:f2} million/s");
            }
        }
    }

    private static long Encode(Tokenizer tokenizer, IReadOnlyList<Example> texts, int threads) =>
        TokenStore.Build(tokenizer, texts, EncodeOptions.Default, threads, null, CancellationToken.None).Tokens;

    private static string Accented(string text) =>
        string.Create(text.Length, text, (to, from) =>
        {
            for (int i = 0, letters = 0; i < to.Length; i++)
            {
                to[i] = from[i] == 'e' && ++letters % 8 == 0 ? 'é' : from[i];
            }
        });

    private static string Chinese(string text) =>
        string.Create(text.Length, text, (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsAsciiLetter(from[i]) ? (char)('一' + (from[i] * 31 + (i > 0 ? from[i - 1] : 0)) % 2000) : from[i];
            }
        });
}
