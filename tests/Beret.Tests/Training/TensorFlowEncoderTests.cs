using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Numerics.Reference;
using Beret.Training;

namespace Beret.Tests.Training;

/// <summary>
/// The encoders of the model garden that are not BERT, with their SavedModels' weights and those of their original releases, against what TensorFlow computes.
/// The tolerances are those of the recordings: outputs 2e-5 (talking heads 5e-5), losses 2e-6, gradients 5e-6 or 3e-5 of a tensor's largest entry.
/// </summary>
public class TensorFlowEncoderTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in (string[])["albert", "electra", "talkheads"])
            {
                foreach (var backend in (string[])[.. InstructionSets.Supported.Select(set => set.ToString()), "reference"])
                {
                    data.Add(name, backend);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void OutputsLossAndEveryGradientAreTensorFlows(string name, string backendName)
    {
        var folder = Shared.Path("fixtures", "tf", $"encoder-{name}");
        using var expected = Checkpoint.Open(Path.Combine(folder, "expected.safetensors"));
        using var backend = backendName == "reference" ? new ReferenceBackend() : CpuBackend.Create(2, Enum.Parse<InstructionSet>(backendName));
        using var weights = Weights(Path.Combine(folder, "saved_model"));
        using var model = ModelLoader.Load(Config(folder, name), weights, backend, outputs: 1).Model;
        backend.Write(expected.Read("classifier/kernel"), model.Head.Weights[0].Value);
        backend.Write(expected.Read("classifier/bias"), model.Head.Biases[0].Value);
        model.Parameters.Touch();
        var outputs = name == "talkheads" ? 5e-5 : 2e-5;
        var comparison = new Comparison();
        foreach (var tag in (string[])["a", "b"])
        {
            var batch = Recorded.Batch(expected, $"{tag}/input_word_ids", $"{tag}/input_mask", $"{tag}/input_type_ids");
            var mask = Recorded.Integers(expected, $"{tag}/input_mask");
            model.Parameters.AllocateForTraining();
            model.Parameters.ClearGradients();
            using var arena = new Arena(backend);
            var ops = new Ops(backend, arena, new Tape());
            ops.Begin();
            var indices = ops.Upload(batch);
            var labels = arena.Take(batch.Sequences, 1);
            backend.Write(expected.Read($"{tag}/labels"), labels);
            var layers = 0;
            var (encoded, _, logits) = model.Forward(ops, indices, (layer, value) =>
            {
                if (layer > 0 && tag == "a")
                {
                    layers++;
                    comparison.Absolute($"encoder_outputs.{layer}", Unmasked($"a/encoder_outputs/{layer - 1}"), Recorded.Values(backend, value.Data), outputs);
                }
            });
            Assert.Equal(expected.Tensors.Count(tensor => tensor.Name.StartsWith($"{tag}/encoder_outputs/", StringComparison.Ordinal)), layers);
            comparison.Absolute($"sequence_output.{tag}", Unmasked($"{tag}/sequence_output"), Recorded.Values(backend, encoded.Sequence.Data), outputs);
            comparison.Absolute($"pooled_output.{tag}", expected.Read($"{tag}/pooled_output"), Recorded.Values(backend, encoded.Pooled.Data), outputs);
            comparison.Absolute($"logits.{tag}", expected.Read($"{tag}/logits"), Recorded.Values(backend, logits.Data), outputs);
            var losses = Recorded.Values(backend, ops.Loss(Loss.BinaryCrossEntropy, logits, labels));
            comparison.Absolute($"loss.{tag}", expected.Read($"{tag}/loss")[0], losses.Average(l => (double)l), 2e-6);
            if (tag == "a")
            {
                ops.Backward();
                CompareGradients(expected, model, backend, batch, comparison);
            }

            float[] Unmasked(string tensor)
            {
                var (values, width) = (expected.Read(tensor), model.Config.HiddenSize);
                return [.. Enumerable.Range(0, mask.Length).Where(i => mask[i] != 0).SelectMany(i => values[(i * width)..((i + 1) * width)])];
            }
        }

        comparison.Check();
    }

    [Theory]
    [InlineData("ckpt-albert", "model.ckpt-best", "albert_config.json", "albert")]
    [InlineData("ckpt-electra", "electra_model.ckpt", "bert_config.json", "electra")]
    public void TheOriginalReleasesComputeWhatTensorFlowComputes(string name, string prefix, string configuration, string family)
    {
        var folder = Shared.Path("fixtures", "tf", name);
        using var expected = Checkpoint.Open(Path.Combine(folder, "expected.safetensors"));
        using var release = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, configuration)));
        var config = EncoderFamily.Find(family)!.Read(new ConfigFields(release.RootElement, configuration));
        using var backend = CpuBackend.Create(2);
        using var weights = Weights(Path.Combine(folder, prefix));
        var loaded = ModelLoader.LoadEncoder(ModelSource.TensorFlow.Adjust(config, written: null), weights, backend);
        using var parameters = loaded.Parameters;
        using var arena = new Arena(backend);
        var ops = new Ops(backend, arena, tape: null);
        ops.Begin();
        var batch = Recorded.Batch(expected, "input_word_ids", "input_mask", "input_type_ids");
        var encoded = loaded.Encoder.Forward(ops, ops.Upload(batch));
        var mask = Recorded.Integers(expected, "input_mask");
        var (sequence, width) = (expected.Read("sequence_output"), config.HiddenSize);
        var comparison = new Comparison();
        comparison.Absolute(
            "sequence_output", [.. Enumerable.Range(0, mask.Length).Where(i => mask[i] != 0).SelectMany(i => sequence[(i * width)..((i + 1) * width)])],
            Recorded.Values(backend, encoded.Sequence.Data), 2e-5);
        comparison.Absolute("pooled_output", expected.Read("pooled_output"), Recorded.Values(backend, encoded.Pooled.Data), 2e-5);
        comparison.Check();
    }

    private static void CompareGradients(Checkpoint expected, SequenceClassifier model, IBackend backend, PackedBatch batch, Comparison comparison)
    {
        const string Gradient = "a/grad/";
        var variables = expected.Tensors.Where(tensor => tensor.Name.StartsWith(Gradient, StringComparison.Ordinal))
            .ToDictionary(tensor => tensor.Name[Gradient.Length..], tensor => tensor.Name);

        // ELECTRA's names are BERT's in the model garden, so that the root of the view's names may be BERT's.
        var names = TensorFlowNames.Of(variables.Keys)!;
        using var view = names.AsHuggingFace(Checkpoint.Open(expected.Path), variables);
        Assert.Equal(model.Parameters.All.Count, view.Tensors.Count);
        foreach (var parameter in model.Parameters.All.Where(parameter => !Comparison.IsKeyBias(parameter.Name)))
        {
            var bare = parameter.Name.StartsWith(model.Config.Family.Prefix, StringComparison.Ordinal) ? names.Root + parameter.Name[model.Config.Family.Prefix.Length..] : parameter.Name;
            var wanted = view.Read(bare);
            comparison.Absolute($"grad.{parameter.Name}", wanted, Gradients.Dense(backend, parameter, batch.Ids), Math.Max(5e-6, 3e-5 * wanted.Max(Math.Abs)));
        }
    }

    private static Checkpoint Weights(string path)
    {
        var bundle = (TensorBundle)Checkpoint.Open(path);
        return TensorFlowNames.Of(bundle.FullNames.Keys)!.AsHuggingFace(bundle);
    }

    /// <summary>The recording's sizes, under the same names as config.json has them.</summary>
    private static EncoderConfig Config(string folder, string name)
    {
        var sizes = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "case.json")))!["config"]!.AsObject();
        Assert.Equal("gelu (tanh form)", (string?)sizes["hidden_act"]);
        sizes["hidden_act"] = "gelu_new";
        sizes["pad_token_id"] = null;
        foreach (var rate in (string[])["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout", "classifier_dropout_prob"])
        {
            sizes[rate] = 0;
        }

        using var document = JsonDocument.Parse(sizes.ToJsonString());
        return EncoderFamily.Find(name == "talkheads" ? "talking-heads" : name)!.Read(new ConfigFields(document.RootElement, "case.json"));
    }
}
