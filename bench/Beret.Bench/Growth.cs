namespace Beret.Bench;

/// <summary>Training steps of a MiniLM that grow in one direction at a time: tokens of a text, texts of a batch, layers, threads.</summary>
internal static class Growth
{
    private const int Hidden = 384;
    private const int Heads = 12;
    private const int Layers = 6;
    private const int Texts = 8;
    private const int Tokens = 128;
    private const int TokensOfManyTexts = 32;

    public static void Run(Arguments arguments, int steps)
    {
        using (var timer = Open(arguments, Layers))
        {
            foreach (var tokens in Sizes(arguments, 16, 512))
            {
                Record("tokens", tokens, timer.Train(Texts, tokens, seconds: 0, steps, FineTuning.Options));
            }

            foreach (var texts in Sizes(arguments, 1, 128))
            {
                Record("texts", texts, timer.Train(texts, TokensOfManyTexts, seconds: 0, steps, FineTuning.Options));
            }
        }

        foreach (var layers in arguments.Quick ? [2, 6] : new[] { 2, 4, 6, 12, 24 })
        {
            using var timer = Open(arguments, layers);
            Record("layers", layers, timer.Train(Texts, Tokens, seconds: 0, steps, FineTuning.Options));
        }

        // One thread and then more, each time anew: what disturbs the machine meets all alike.
        for (var threads = 1; threads <= arguments.Threads; threads *= 2)
        {
            using var timer = Open(arguments with { Threads = threads }, Layers);
            Record("threads, training", threads, timer.Train(Texts, Tokens, seconds: 0, steps, FineTuning.Options));
            Record("threads, inference", threads, timer.Infer(Texts, Tokens, seconds: 0, steps));
        }

        void Record(string what, int size, BenchmarkPass pass) => arguments.Record(
            new Measurement("growth", Measurement.Ours, $"{what} {size}", pass.Seconds, pass.Flops)
            {
                Texts = pass.Batch, Tokens = pass.Batch * pass.Length,
            });
    }

    private static PassTimer Open(Arguments arguments, int layers) => arguments.CreateTimer(new Encoder(layers, Hidden, Heads));

    /// <summary>Twice as many each time; only a few where it is to be quick.</summary>
    private static IEnumerable<int> Sizes(Arguments arguments, int first, int last)
    {
        for (var size = first; size <= last; size *= arguments.Quick ? 8 : 2)
        {
            yield return size;
        }
    }
}
