using System.Text.Json;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Optimization;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// The tutorial's encoder and optimizer in TensorFlow: an encoder of the model garden with its SavedModel's weights, and 20 steps of fine-tuning it with
/// AdamW, warm-up, decay and clipping. The tolerances are those of the recording, five to ten times its own distance from float64.
/// </summary>
public class TensorFlowTraceTests
{
    private const double Outputs = 2e-5;
    private const double MeanLoss = 2e-6;
    private const double GradientAbsolute = 5e-6;
    private const double GradientRelative = 3e-5;
    private const double EarlyLosses = 2e-6; // the first five steps
    private const double LateLosses = 5e-6;
    private const double Norms = 5e-5;
    private const double Weights = 1e-5;

    public static TheoryData<string> Backends => [.. InstructionSets.Supported.Select(set => set.ToString()), "reference"];

    [Theory]
    [MemberData(nameof(Backends))]
    public void TheEncoderComputesWhatTensorFlowComputes(string backendName)
    {
        using var expected = Open("encoder-bert");
        using var backend = Backend(backendName);
        using var model = Model(backend, expected, "classifier");
        var comparison = new Comparison();
        foreach (var tag in (string[])["a", "b"])
        {
            var (batch, rows) = Batch(expected, $"{tag}/");
            model.Parameters.AllocateForTraining();
            model.Parameters.ClearGradients();
            using var arena = new Arena(backend);
            var ops = new Ops(backend, arena, new Tape());
            ops.Begin();
            var indices = ops.Upload(batch);
            var labels = arena.Take(batch.Sequences, 1);
            backend.Write(expected.Read($"{tag}/labels"), labels);
            var (encoded, _, logits) = model.Forward(ops, indices, (layer, value) =>
            {
                if (layer > 0 && expected.Contains($"{tag}/encoder_outputs/{layer - 1}"))
                {
                    comparison.Absolute(
                        $"encoder_outputs.{tag}.{layer - 1}", Rows($"{tag}/encoder_outputs/{layer - 1}"), Recorded.Values(backend, value.Data), Outputs);
                }
            });
            comparison.Absolute($"sequence_output.{tag}", Rows($"{tag}/sequence_output"), Recorded.Values(backend, encoded.Sequence.Data), Outputs);
            comparison.Absolute($"pooled_output.{tag}", expected.Read($"{tag}/pooled_output"), Recorded.Values(backend, encoded.Pooled.Data), Outputs);
            comparison.Absolute($"logits.{tag}", expected.Read($"{tag}/logits"), Recorded.Values(backend, logits.Data), Outputs);
            var losses = Recorded.Values(backend, ops.Loss(Loss.BinaryCrossEntropy, logits, labels));
            comparison.Absolute($"loss_per_example.{tag}", expected.Read($"{tag}/loss_per_example"), losses, Outputs);
            comparison.Absolute($"loss.{tag}", expected.Read($"{tag}/loss")[0], losses.Average(l => (double)l), MeanLoss);
            if (tag == "a")
            {
                ops.Backward();
                using var gradients = ByName("encoder-bert", "a/grad/");
                Assert.Equal(model.Parameters.All.Count, gradients.Tensors.Count);
                foreach (var parameter in model.Parameters.All.Where(p => !Comparison.IsKeyBias(p.Name)))
                {
                    var wanted = gradients.Read(parameter.Name);
                    comparison.Absolute(
                        $"grad.{parameter.Name}", wanted, Gradients.Dense(backend, parameter, batch.Ids),
                        Math.Max(GradientAbsolute, GradientRelative * wanted.Max(Math.Abs)));
                }
            }

            float[] Rows(string name)
            {
                var (values, width) = (expected.Read(name), model.Config.HiddenSize);
                return [.. rows.SelectMany(row => values[(row * width)..((row + 1) * width)])];
            }
        }

        comparison.Check();
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public void TwentyStepsFollowTheTutorialsOptimizer(string backendName)
    {
        using var expected = Open("optimizer-trace");
        using var document = Case("optimizer-trace");
        var optimizer = document.RootElement.GetProperty("create_optimizer");
        var trace = document.RootElement.GetProperty("trace");
        using var backend = Backend(backendName);
        using var model = Model(backend, expected, "classifier_initial");
        var schedule = new LearningRateSchedule(
            optimizer.GetProperty("init_lr").GetDouble(), optimizer.GetProperty("num_warmup_steps").GetInt32(), optimizer.GetProperty("num_train_steps").GetInt32());
        using var learner = new Learner(model, backend, Loss.BinaryCrossEntropy, new AdamWOptions(), seed: 0);
        PackedBatch[] batches = [.. Enumerable.Range(0, 4).Select(i => Batch(expected, $"batch{i}/").Packed)];
        float[][] labels = [.. Enumerable.Range(0, 4).Select(i => expected.Read($"batch{i}/labels"))];
        var comparison = new Comparison();
        for (var s = 0; s < document.RootElement.GetProperty("steps").GetInt32(); s++)
        {
            var step = learner.Step(batches[s % 4], labels[s % 4], schedule.At(s));
            comparison.Absolute($"lr.{s}", Traced("lr", s), schedule.At(s), 3e-3 * Math.Pow(2, -23)); // TensorFlow's rates are fp32
            comparison.Absolute($"loss.{s}", Traced("loss", s), step.Loss, s < 5 ? EarlyLosses : LateLosses);
            comparison.Relative($"global_norm.{s}", Traced("global_norm", s), step.GradientNorm, Norms);
            if (s == 1)
            {
                Compare("after_step_1", p => p.Value, Weights);
            }
        }

        Compare("final", p => p.Value, Weights);

        // The recording states no tolerance for the moments. They average gradients, after clipping, and their squares: what goes for gradients goes for them.
        Compare("final_m", p => p.FirstMoment, allowed: null);
        Compare("final_v", p => p.SecondMoment, allowed: null);
        comparison.Check();

        double Traced(string name, int step) => trace.GetProperty(name)[step].GetDouble();

        void Compare(string what, Func<Parameter, Matrix> of, double? allowed)
        {
            using var named = ByName("optimizer-trace", $"{what}/");
            Assert.Equal(expected.Tensors.Count(t => t.Name.StartsWith($"{what}/", StringComparison.Ordinal)), named.Tensors.Count);
            foreach (var tensor in named.Tensors.Where(t => !Comparison.IsKeyBias(t.Name)))
            {
                var wanted = named.Read(tensor.Name);
                comparison.Absolute(
                    $"{what}.{tensor.Name}", wanted, Recorded.Values(backend, of(Recorded.Parameter(model, tensor.Name))),
                    allowed ?? GradientRelative * wanted.Max(Math.Abs));
            }
        }
    }

    /// <summary>The two norms of the trace differ by more than the tolerance, so that a run with the wrong one cannot pass.</summary>
    [Fact]
    public void TheTraceTellsTheTwoNormsApart()
    {
        using var document = Case("optimizer-trace");
        var trace = document.RootElement.GetProperty("trace");
        var apart = trace.GetProperty("global_norm").EnumerateArray().Zip(trace.GetProperty("global_norm_dense").EnumerateArray())
            .Max(pair => Math.Abs(pair.First.GetDouble() / pair.Second.GetDouble() - 1));
        Assert.True(apart > 4 * Norms);
    }

    private static IBackend Backend(string name) => name == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(name));

    private static string Folder(string name) => Shared.Path("fixtures", "tf", name);

    private static Checkpoint Open(string name) => Checkpoint.Open(Path.Combine(Folder(name), "expected.safetensors"));

    private static JsonDocument Case(string name) => JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(name), "case.json")));

    /// <summary>The recorded tensors below a prefix, under the names and in the layout of this library's parameters.</summary>
    private static Checkpoint ByName(string name, string prefix)
    {
        var file = Open(name);
        var variables = file.Tensors.Where(t => t.Name.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(t => t.Name[prefix.Length..], t => t.Name);
        return TensorFlowNames.Of(variables.Keys)!.AsHuggingFace(file, variables);
    }

    /// <summary>The encoder of the SavedModel, without dropout, with the recorded classifier. TensorFlow gives the row of [PAD] a gradient as any other.</summary>
    private static SequenceClassifier Model(IBackend backend, Checkpoint recorded, string classifier)
    {
        using var document = Case("encoder-bert");
        var sizes = document.RootElement.GetProperty("config");
        Assert.Equal("gelu (tanh form)", sizes.GetProperty("hidden_act").GetString());
        var config = new EncoderConfig
        {
            Family = Bert.Family,
            VocabularySize = Size("vocab_size"),
            HiddenSize = Size("hidden_size"),
            Layers = Size("num_hidden_layers"),
            Heads = Size("num_attention_heads"),
            IntermediateSize = Size("intermediate_size"),
            MaxPositions = Size("max_position_embeddings"),
            TypeVocabularySize = Size("type_vocab_size"),
            EmbeddingSize = Size("embedding_size"),
            Activation = Activation.GeluTanh,
            LayerNormEpsilon = (float)sizes.GetProperty("layer_norm_eps").GetDouble(),
            HiddenDropout = 0,
            AttentionDropout = 0,
            ClassifierDropout = 0,
            PaddingId = -1,
        };
        var model = new SequenceClassifier(backend, config, 1);
        using var bundle = (TensorBundle)Checkpoint.Open(Path.Combine(Folder("encoder-bert"), "saved_model"));
        using var weights = TensorFlowNames.Of(bundle.FullNames.Keys)!.AsHuggingFace(bundle);
        var report = WeightLoader.Load(weights, model.Parameters, model.Config.Family.Prefix, model.Head);
        Assert.Empty(report.Missing);
        Assert.Empty(report.Unused);
        backend.Write(recorded.Read($"{classifier}/kernel"), model.Head.Weights[0].Value);
        backend.Write(recorded.Read($"{classifier}/bias"), model.Head.Biases[0].Value);
        model.Parameters.Touch();
        return model;

        int Size(string name) => sizes.GetProperty(name).GetInt32();
    }

    private static (PackedBatch Packed, int[] Rows) Batch(Checkpoint file, string prefix)
    {
        var mask = Recorded.Integers(file, $"{prefix}input_mask");
        return (
            Recorded.Batch(file, $"{prefix}input_word_ids", $"{prefix}input_mask", $"{prefix}input_type_ids"),
            [.. Enumerable.Range(0, mask.Length).Where(i => mask[i] != 0)]);
    }
}
