using Beret.Models;
using Beret.Training;

namespace Beret.Benchmarks;

/// <summary>What the figures recommend, a sentence each.</summary>
internal static class BenchmarkAdvice
{
    private const double AsGood = 0.95;
    private const double UsableMemory = 0.8;
    private const int MostTexts = 1024;
    private const int Texts = 10_000;

    public static IReadOnlyList<string> For(
        EncoderConfig config, int outputs, IReadOnlyList<BenchmarkPass> training, IReadOnlyList<BenchmarkPass> inference, int threads, double speedUp)
    {
        List<string> advice = [];
        advice.AddRange(OnBatch(training, "training", "choose the batch by the accuracy it gives"));
        advice.AddRange(OnBatch(inference, "inference", "the batches of beret predict and evaluate are as large as pays"));
        advice.AddRange(OnLength(training.Count > 0 ? training : inference));
        if (training.Count > 0)
        {
            advice.Add(OnMemory(config, outputs, training[0]));
        }

        if (speedUp > 0)
        {
            advice.Add(Format.Text($"Threads: {threads} are {speedUp:0.00} × as fast as one{(speedUp < 0.75 * threads ? "; is something else running?" : ".")}"));
        }

        var times = new[] { (training, "an epoch of training"), (inference, "predicting them") }.Where(kind => kind.Item1.Count > 0)
            .Select(kind => $"{kind.Item2} about {Format.Time(Texts / kind.Item1[0].TextsPerSecond)}");
        advice.Add(Format.Text($"Time for {Texts:n0} texts of {(training.Count > 0 ? training : inference)[0].Length} tokens: {string.Join(", ", times)}."));
        return advice;
    }

    /// <summary>The smallest batch that is about as fast as any, at the main length.</summary>
    private static IEnumerable<string> OnBatch(IReadOnlyList<BenchmarkPass> passes, string what, string consequence)
    {
        var alike = passes.Where(pass => pass.Length == passes[0].Length).OrderBy(pass => pass.Batch).ToList();
        if (alike.Count < 2)
        {
            yield break;
        }

        var best = alike.MaxBy(pass => pass.TokensPerSecond)!;
        var enough = alike.First(pass => pass.TokensPerSecond >= AsGood * best.TokensPerSecond);
        yield return enough == alike[0]
            ? Format.Text($"Batch, {what}: at {enough.Length} tokens a batch of {enough.Batch} is as fast as any; {consequence}.")
            : Format.Text($"Batch, {what}: at {enough.Length} tokens a batch of {enough.Batch} reaches {enough.TextsPerSecond / best.TextsPerSecond * 100:0}% of the highest speed, one of {alike[0].Batch} only {alike[0].TextsPerSecond / best.TextsPerSecond * 100:0}%.");
    }

    private static IEnumerable<string> OnLength(IReadOnlyList<BenchmarkPass> passes)
    {
        var shortest = passes.MinBy(pass => pass.Length)!;
        var longest = passes.MaxBy(pass => pass.Length)!;
        if (longest.Length > shortest.Length)
        {
            yield return Format.Text($"Length: a text of {longest.Length} tokens takes {shortest.TextsPerSecond / longest.TextsPerSecond:0.0} × the time of one of {shortest.Length}. Short texts are not padded, so a large --max-length costs only where texts are long.");
        }
    }

    private static string OnMemory(EncoderConfig config, int outputs, BenchmarkPass step)
    {
        var available = UsableMemory * GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var most = 0;
        for (var batch = 1; batch <= MostTexts && MemoryPlan.For(config, outputs, batch, config.MaxPositions).Total <= available; batch *= 2)
        {
            most = batch;
        }

        var room = most switch
        {
            0 => Format.Text($"not even one text of {config.MaxPositions} tokens fits"),
            MostTexts => Format.Text($"{most} texts of {config.MaxPositions} tokens at a time and more fit"),
            _ => Format.Text($"{most} texts of {config.MaxPositions} tokens at a time fit"),
        };
        return $"Memory: a step of {step.Batch} × {step.Length} takes {Format.Bytes(step.MemoryBytes)}; {room} into the {Format.Bytes(available / UsableMemory)} of this machine.";
    }
}
