using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Tests.Checkpoints.TensorFlow;

public class TensorFlowNamesTests
{
    /// <summary>The Hugging Face names of a BERT, and the shapes as functions of its sizes.</summary>
    private static Dictionary<string, long[]> BertParameters(long vocabulary, long positions, long hidden, long intermediate, int layers)
    {
        var all = new Dictionary<string, long[]>
        {
            ["bert.embeddings.word_embeddings.weight"] = [vocabulary, hidden],
            ["bert.embeddings.position_embeddings.weight"] = [positions, hidden],
            ["bert.embeddings.token_type_embeddings.weight"] = [2, hidden],
            ["bert.embeddings.LayerNorm.weight"] = [hidden],
            ["bert.embeddings.LayerNorm.bias"] = [hidden],
            ["bert.pooler.dense.weight"] = [hidden, hidden],
            ["bert.pooler.dense.bias"] = [hidden],
        };
        for (var i = 0; i < layers; i++)
        {
            foreach (var (name, outputs, inputs) in (ReadOnlySpan<(string, long, long)>)
                [("attention.self.query", hidden, hidden), ("attention.self.key", hidden, hidden), ("attention.self.value", hidden, hidden),
                    ("attention.output.dense", hidden, hidden), ("intermediate.dense", intermediate, hidden), ("output.dense", hidden, intermediate)])
            {
                all[$"bert.encoder.layer.{i}.{name}.weight"] = [outputs, inputs];
                all[$"bert.encoder.layer.{i}.{name}.bias"] = [outputs];
            }

            foreach (var name in (ReadOnlySpan<string>)["attention.output.LayerNorm", "output.LayerNorm"])
            {
                all[$"bert.encoder.layer.{i}.{name}.weight"] = [hidden];
                all[$"bert.encoder.layer.{i}.{name}.bias"] = [hidden];
            }
        }

        return all;
    }

    [Theory]
    [InlineData("encoder-bert/saved_model", 300, 128, 48, 192, 3, false)]
    [InlineData("encoder-bert-v2/saved_model", 300, 128, 48, 192, 2, false)]
    [InlineData("encoder-bert-mlm/saved_model", 300, 128, 48, 192, 2, false)]
    [InlineData("classifier-bert/saved_model", 300, 128, 48, 192, 3, true)]
    [InlineData("ckpt-bert/bert_model.ckpt", 300, 64, 48, 192, 2, false)]
    [InlineData("ckpt-bert/tf2/encoder.ckpt-1", 300, 64, 48, 192, 2, false)]
    [InlineData("ckpt-bert/tf2/pretrainer.ckpt-1", 300, 64, 48, 192, 2, false)]
    [InlineData("ckpt-bert-adam-shards/bert_model.ckpt", 300, 64, 32, 64, 2, false)]
    public void A_BERT_of_TensorFlow_has_all_names_and_shapes_of_Hugging_Face(
        string path, long vocabulary, long positions, long hidden, long intermediate, int layers, bool hasHead)
    {
        using var view = View(path);
        var expected = BertParameters(vocabulary, positions, hidden, intermediate, layers);
        if (hasHead)
        {
            expected.Add("classifier.weight", [1, hidden]);
            expected.Add("classifier.bias", [1]);
        }

        Assert.Equal(
            expected.Select(parameter => $"{parameter.Key} [{string.Join(", ", parameter.Value)}]").Order(StringComparer.Ordinal),
            view.Tensors.Select(tensor => $"{tensor.Name} {tensor.ShapeText}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Kernels_are_transposed_and_heads_are_joined()
    {
        using var bundle = Open("encoder-bert/saved_model");
        using var view = View("encoder-bert/saved_model");

        // [H, N, D] → [N·D, H]
        var query = view.Read("bert.encoder.layer.1.attention.self.query.weight");
        var queryStored = bundle.Read(KeyOf(bundle, "transformer/layer_1/self_attention/query/kernel"));
        // [N, D, H] → [H, N·D]
        var output = view.Read("bert.encoder.layer.1.attention.output.dense.weight");
        var outputStored = bundle.Read(KeyOf(bundle, "transformer/layer_1/self_attention/attention_output/kernel"));
        for (var h = 0; h < 48; h++)
        {
            for (var n = 0; n < 4; n++)
            {
                for (var d = 0; d < 12; d++)
                {
                    Assert.Equal(queryStored[(((h * 4) + n) * 12) + d], query[(((n * 12) + d) * 48) + h]);
                    Assert.Equal(outputStored[(((n * 12) + d) * 48) + h], output[(h * 48) + (n * 12) + d]);
                }
            }
        }

        // [H, I] → [I, H]
        var inner = view.Read("bert.encoder.layer.1.intermediate.dense.weight");
        var innerStored = bundle.Read(KeyOf(bundle, "transformer/layer_1/intermediate/kernel"));
        for (var h = 0; h < 48; h++)
        {
            for (var i = 0; i < 192; i++)
            {
                Assert.Equal(innerStored[(h * 192) + i], inner[(i * 48) + h]);
            }
        }

        Assert.Equal(
            bundle.Read(KeyOf(bundle, "transformer/layer_1/self_attention/query/bias")), view.Read("bert.encoder.layer.1.attention.self.query.bias"));
    }

    [Fact]
    public void Any_part_of_a_transposed_tensor_reads_as_in_the_whole()
    {
        using var view = View("encoder-bert/saved_model");
        const string name = "bert.encoder.layer.0.intermediate.dense.weight";
        var whole = new MemoryStream();
        view.CopyBytes(name, whole);
        var bytes = whole.ToArray();
        foreach (var start in (int[])[0, 1, 47 * 4, (48 * 4) - 1, 5000, bytes.Length - 3])
        {
            var part = new byte[Math.Min(1000, bytes.Length - start)];
            view.ReadBytes(name, start, part);
            Assert.Equal(bytes[start..(start + part.Length)], part);
        }
    }

    [Fact]
    public void A_tensor_in_slices_is_transposed_too()
    {
        using var odd = Open("bundle-odd/odd");
        var stored = odd.Read("sliced/cols");
        using var view = View(Open("bundle-odd/odd"), KeyValuePair.Create("pooler_transform/kernel", "sliced/cols"));
        var read = view.Read("bert.pooler.dense.weight");
        Assert.Equal("[7, 3]", view.Get("bert.pooler.dense.weight").ShapeText);
        for (var i = 0; i < 21; i++)
        {
            Assert.Equal(stored[i], read[(i % 7 * 3) + (i / 7)]);
        }
    }

    // Tolerance 2e-5: fixtures/tf/README.md, encoders.
    [Theory]
    [InlineData("encoder-bert")]
    [InlineData("encoder-bert-v2")]
    [InlineData("encoder-bert-mlm")]
    public void The_encoder_computes_what_it_computed_in_TensorFlow(string encoder)
    {
        var sizes = BundleFixtures.Json($"{encoder}/case.json").GetProperty("config");
        var config = new EncoderConfig
        {
            Family = Bert.Family,
            VocabularySize = sizes.GetProperty("vocab_size").GetInt32(),
            HiddenSize = sizes.GetProperty("hidden_size").GetInt32(),
            EmbeddingSize = sizes.GetProperty("embedding_size").GetInt32(),
            Layers = sizes.GetProperty("num_hidden_layers").GetInt32(),
            Heads = sizes.GetProperty("num_attention_heads").GetInt32(),
            IntermediateSize = sizes.GetProperty("intermediate_size").GetInt32(),
            MaxPositions = sizes.GetProperty("max_position_embeddings").GetInt32(),
            TypeVocabularySize = 2,
            Activation = Activation.GeluTanh,
            LayerNormEpsilon = 1e-12f,
            HiddenDropout = 0,
            AttentionDropout = 0,
            ClassifierDropout = 0,
        };
        using var backend = CpuBackend.Create(1);
        var set = new ParameterSet(backend);
        var bert = new Bert(set, config);
        set.Allocate();
        using var view = View($"{encoder}/saved_model");
        var report = WeightLoader.Load(view, set, config.Family.Prefix);
        Assert.Empty(report.Missing);
        Assert.Empty(report.Unused);

        using var expected = Checkpoint.Open(BundleFixtures.PathOf($"{encoder}/expected.safetensors"));
        var shape = expected.Get("a/input_word_ids").Shape;
        var (ids, types, mask) = (Integers(expected, "a/input_word_ids"), Integers(expected, "a/input_type_ids"), Integers(expected, "a/input_mask"));
        var batch = new PackedBatch();
        for (var b = 0; b < shape[0]; b++)
        {
            var kept = Enumerable.Range(0, (int)shape[1]).Where(s => mask[(b * (int)shape[1]) + s] != 0).ToArray();
            var row = b * (int)shape[1];
            batch.Add([.. kept.Select(s => ids[row + s])], [.. kept.Select(s => types[row + s])], kept);
        }

        using var arena = new Arena(backend);
        var ops = new Ops(backend, arena, null);
        ops.Begin();
        var pooled = new float[shape[0] * config.HiddenSize];
        backend.Read(bert.Forward(ops, ops.Upload(batch)).Pooled.Data, pooled);
        Assert.All(expected.Read("a/pooled_output").Zip(pooled), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
        set.Dispose();
    }

    [Theory]
    [InlineData("transformer/layer_11/output/kernel:0", "bert.encoder.layer.11.output.dense.weight")]
    [InlineData("bert_encoder_v2/word_embeddings/embeddings", "bert.embeddings.word_embeddings.weight")]
    [InlineData("module/bert/encoder/layer_0/attention/self/key/bias", "bert.encoder.layer.0.attention.self.key.bias")]
    [InlineData("electra/embeddings_project/kernel", "electra.embeddings_project.weight")]
    [InlineData("bert/encoder/transformer/group_1/inner_group_0/LayerNorm_1/beta", "albert.encoder.albert_layer_groups.1.albert_layers.0.full_layer_layer_norm.bias")]
    [InlineData("transformer_scaffold_7/feedforward/gate_0/kernel", "talking_heads.encoder.layer.0.intermediate.gate.weight")]
    [InlineData("classifier/bias", "classifier.bias")]
    [InlineData("bert/encoder/layer_0/output/dense/kernel/adam_m", null)]
    [InlineData("Adam/transformer/layer_0/output/bias/m", null)]
    [InlineData("generator/encoder/layer_0/output/dense/kernel", null)]
    [InlineData("cls/predictions/transform/dense/kernel", null)]
    [InlineData("transformer/layer_01/output/kernel", null)]
    [InlineData("transformer/layer_/output/kernel", null)]
    [InlineData("", null)]
    public void Names_are_recognised_by_their_end(string fullName, string? expected) => Assert.Equal(expected, TensorFlowNames.Of([fullName])?.Find(fullName)?.Name);

    [Fact]
    public void Of_copies_in_deeper_scopes_the_variable_itself_is_taken_and_equals_are_refused()
    {
        using var odd = Open("bundle-odd/odd");
        using (var view = View(
            Open("bundle-odd/odd"), KeyValuePair.Create("Adam/m/pooler_transform/kernel", "sliced/cols"), KeyValuePair.Create("pooler_transform/kernel", "f32")))
        {
            Assert.Equal("[4, 3]", view.Get("bert.pooler.dense.weight").ShapeText);
        }

        var error = Assert.Throws<CheckpointException>(() => View(
            odd, KeyValuePair.Create("a/pooler_transform/kernel", "sliced/cols"), KeyValuePair.Create("b/pooler_transform/kernel", "f32")));
        Assert.Contains("could both be bert.pooler.dense.weight", error.Message);
        Assert.Contains("too few dimensions", Assert.Throws<CheckpointException>(() => View(
            odd, KeyValuePair.Create("pooler_transform/kernel", "scalar_f32"))).Message);
    }

    private static Checkpoint View(string path)
    {
        var bundle = Open(path);
        return TensorFlowNames.Of(bundle.FullNames.Keys)!.AsHuggingFace(bundle);
    }

    private static Checkpoint View(Checkpoint checkpoint, params KeyValuePair<string, string>[] variables) =>
        TensorFlowNames.Of(variables.Select(variable => variable.Key))!.AsHuggingFace(checkpoint, variables);

    private static TensorBundle Open(string path) => (TensorBundle)Checkpoint.Open(BundleFixtures.PathOf(path));

    private static string KeyOf(TensorBundle bundle, string fullName) => Assert.Single(bundle.FullNames[fullName]);

    private static int[] Integers(Checkpoint checkpoint, string name)
    {
        var values = new long[checkpoint.Get(name).Count];
        checkpoint.ReadInt64(name, values);
        return [.. values.Select(value => (int)value)];
    }
}
