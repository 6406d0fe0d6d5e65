using System.Text.Json;
using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Text;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// The real all-MiniLM-L6-v2 on real reviews, against PyTorch. The recording program differs from float64 by 1.2e-7 in the logits, 9e-7 in the hidden states,
/// 1.6e-6 (relative) in gradient norms and 7e-6 in gradient elements; the tolerances are the ones that its README suggests.
/// </summary>
public class MiniLmTests
{
    // Suggested tolerances of the recording.
    private const double Logits = 5e-6;
    private const double Hidden = 2e-5;
    private const double GradientNorm = 5e-5;
    private const double GradientElement = 2e-4;

    [Theory]
    [InlineData(128)]
    [InlineData(512)]
    public void TheTokenizerGivesTheRecordedIds(int length)
    {
        using var expected = Open();
        var tokenizer = Tokenizer.Load(Shared.Path("models", "all-MiniLM-L6-v2"));
        using var texts = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "hf", "minilm", "texts.json")));
        var batch = new PackedBatch();
        foreach (var text in texts.RootElement.EnumerateArray())
        {
            var tokens = tokenizer.Encode(text.GetProperty("text").GetString()!, options: new EncodeOptions { MaxLength = length });
            batch.Add(tokens.Ids, tokens.Types);
        }

        var recorded = Batch(expected, length);
        Assert.Equal(12, batch.Sequences);
        Assert.Equal(recorded.Starts, batch.Starts);
        Assert.Equal(recorded.Ids, batch.Ids);
        Assert.Equal(recorded.Types, batch.Types);
        Assert.Equal(recorded.Positions, batch.Positions);
    }

    [Theory]
    [InlineData(128)]
    [InlineData(512)]
    public void OutputsAndGradientsAreTheOnesOfPyTorch(int length)
    {
        OptimizedBuild.Require();
        using var expected = Open();
        using var backend = CpuBackend.Create(2);
        using var model = Recorded.MiniLm(backend, expected);
        var batch = Batch(expected, length);
        model.Parameters.AllocateForTraining();
        model.Parameters.ClearGradients();
        using var arena = new Arena(backend);
        var ops = new Ops(backend, arena, new Tape());
        ops.Begin();
        var indices = ops.Upload(batch);
        var labels = arena.Take(batch.Sequences, 1);
        backend.Write(expected.Read("labels"), labels);

        var layers = model.Config.Layers + 1;
        var means = new float[batch.Sequences * layers * model.Config.HiddenSize];
        var (encoded, _, logits) = model.Forward(ops, indices, (layer, value) => AddMeans(batch, Recorded.Values(backend, value.Data), means, layer, layers));
        var losses = Recorded.Values(backend, ops.Loss(Loss.BinaryCrossEntropy, logits, labels));
        var sequence = Recorded.Values(backend, encoded.Sequence.Data);
        var comparison = new Comparison();
        comparison.Absolute("hidden_mean", Read("hidden_mean"), means, Hidden);
        comparison.Absolute("cls", Read("cls"), FirstTokens(batch, sequence), Hidden);
        comparison.Absolute("sentence_embedding", Read("sentence_embedding"), Unit(LastOf(means, layers, model.Config.HiddenSize), model.Config.HiddenSize), Hidden);
        comparison.Absolute("pooled", Read("pooled"), Recorded.Values(backend, encoded.Pooled.Data), Hidden);
        comparison.Absolute("logits", Read("logits"), Recorded.Values(backend, logits.Data), Logits);
        comparison.Absolute("loss", Read("loss")[0], losses.Average(l => (double)l), Logits);

        ops.Backward();
        var names = GradientNames();
        var norms = Read("grad_norm");
        Assert.Equal(model.Parameters.All.Count, names.Length);
        var squares = 0.0;
        for (var i = 0; i < names.Length; i++)
        {
            var parameter = Recorded.Parameter(model, names[i]);
            var gradient = Gradients.Dense(backend, parameter, batch.Ids);
            var norm = Comparison.Norm(gradient);
            squares += norm * norm;
            if (Comparison.IsKeyBias(names[i]))
            {
                // Zero in exact arithmetic.
                comparison.Absolute($"key_bias.{names[i]}", 0, norm, 1e-6);
                continue;
            }

            comparison.Relative($"grad_norm.{names[i]}", norms[i], norm, GradientNorm);
            Elements($"grad8.{names[i]}", gradient, gradient.AsSpan(0, Math.Min(8, gradient.Length)));
            if (parameter.HasRowGradient)
            {
                Assert.All(gradient[..parameter.Columns], g => Assert.Equal(0, g));
                foreach (var row in (int[])[101, 102])
                {
                    Elements($"grad8_row{row}.{names[i]}", gradient, gradient.AsSpan(row * parameter.Columns, 8));
                }
            }
        }

        comparison.Relative("grad_norm_total", Recorded.Doubles(expected, $"len{length}.grad_norm_total.fp64")[0], Math.Sqrt(squares), GradientNorm);
        comparison.Check();

        float[] Read(string name) => expected.Read($"len{length}.{name}");

        void Elements(string name, float[] gradient, ReadOnlySpan<float> first) =>
            comparison.Relative(name, Read(name), first, GradientElement, scale: gradient.Max(Math.Abs));
    }

    private static Checkpoint Open() => Checkpoint.Open(Shared.Path("fixtures", "hf", "minilm", "expected.safetensors"));

    private static PackedBatch Batch(Checkpoint file, int length) =>
        Recorded.Batch(file, $"len{length}.input_ids", $"len{length}.attention_mask", $"len{length}.token_type_ids");

    private static string[] GradientNames()
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(Shared.Path("fixtures", "hf", "minilm", "case.json")));
        return [.. document.RootElement.GetProperty("grad_names").EnumerateArray().Select(name => name.GetString()!)];
    }

    /// <summary>means[b, layer, :] = the mean over the tokens of sequence b.</summary>
    private static void AddMeans(PackedBatch batch, float[] hidden, float[] means, int layer, int layers)
    {
        var width = hidden.Length / batch.Tokens;
        for (var b = 0; b < batch.Sequences; b++)
        {
            var (from, to) = (batch.Starts[b], batch.Starts[b + 1]);
            for (var j = 0; j < width; j++)
            {
                var sum = 0.0;
                for (var t = from; t < to; t++)
                {
                    sum += hidden[t * width + j];
                }

                means[(b * layers + layer) * width + j] = (float)(sum / (to - from));
            }
        }
    }

    private static float[] FirstTokens(PackedBatch batch, float[] hidden)
    {
        var width = hidden.Length / batch.Tokens;
        return [.. batch.Starts[..^1].ToArray().SelectMany(start => hidden[(start * width)..((start + 1) * width)])];
    }

    private static float[] LastOf(float[] means, int layers, int width) => [.. means.Chunk(layers * width).SelectMany(rows => rows[^width..])];

    private static float[] Unit(float[] rows, int width) =>
        [.. rows.Chunk(width).SelectMany(row => row.Select(x => (float)(x / Comparison.Norm(row))))];
}
