using System.Text.Json;
using Beret.Checkpoints;
using Beret.Checkpoints.TensorFlow;
using Beret.Models;

namespace Beret.Inference;

/// <summary>
/// The configuration of an encoder of TensorFlow: sizes from the shapes of its variables, heads from those that are stored by head, the rest from the configuration
/// file of its release where there is one, and the graph. Written down as a config.json, so that each family reads it as its own.
/// </summary>
internal static class TensorFlowConfig
{
    private static readonly string[] Files = ["bert_config.json", "albert_config.json", "electra_config.json", HuggingFaceConfig.FileName];

    /// <exception cref="BeretException">A size cannot be found out, or the family is not supported.</exception>
    public static EncoderConfig Read(TensorBundle bundle, TensorFlowNames names, SavedModel? graph, string folder)
    {
        using var release = ReadFile(folder, out var file);
        var fields = release is null ? null : new ConfigFields(release.RootElement, file);
        var shapes = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (var (fullName, keys) in bundle.FullNames)
        {
            if (names.Find(fullName) is { } target && bundle.Find(keys[0]) is { } tensor)
            {
                shapes.TryAdd(target.Name[(target.Name.StartsWith(names.Root, StringComparison.Ordinal) ? names.Root.Length : 0)..], tensor);
            }
        }

        using var written = new MemoryStream();
        using (var json = new Utf8JsonWriter(written))
        {
            Write(json, new Sizes(bundle.Path, names, shapes), fields, graph);
        }

        using var document = JsonDocument.Parse(written.ToArray());
        return ConfigReader.Read(new ConfigFields(document.RootElement, bundle.Path));
    }

    private static JsonDocument? ReadFile(string folder, out string path)
    {
        path = Files.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ?? "";
        return path.Length == 0 ? null : ConfigReader.Parse(path);
    }

    private static void Write(Utf8JsonWriter json, Sizes sizes, ConfigFields? release, SavedModel? graph)
    {
        json.WriteStartObject();
        json.WriteString("model_type", sizes.Family);
        json.WriteNumber("vocab_size", sizes.Rows("embeddings.word_embeddings.weight"));
        json.WriteNumber("embedding_size", sizes.Columns("embeddings.word_embeddings.weight"));
        json.WriteNumber("max_position_embeddings", sizes.Rows("embeddings.position_embeddings.weight"));

        // The model garden's own default is 16, whatever the table has.
        json.WriteNumber("type_vocab_size", sizes.Rows("embeddings.token_type_embeddings.weight"));
        json.WriteNumber("hidden_size", sizes.HiddenSize);
        json.WriteNumber("intermediate_size", sizes.IntermediateSize);
        json.WriteNumber("num_hidden_layers", sizes.Layers(release, graph));
        json.WriteNumber("num_attention_heads", sizes.Heads(release));
        json.WriteNumber("num_hidden_groups", sizes.Groups);
        json.WriteNumber("inner_group_num", sizes.LayersOfGroup);

        // TensorFlow's "gelu" is the tanh form.
        var activation = release?.Text("hidden_act") ?? "gelu";
        json.WriteString("hidden_act", activation == "gelu" ? "gelu_new" : activation);
        json.WriteNumber("layer_norm_eps", 1e-12);

        // ALBERT's published models were trained without dropout.
        var usual = sizes.IsAlbert ? 0 : 0.1;
        json.WriteNumber("hidden_dropout_prob", release?.Rate("hidden_dropout_prob") ?? usual);
        json.WriteNumber("attention_probs_dropout_prob", release?.Rate("attention_probs_dropout_prob") ?? usual);
        json.WriteNumber("classifier_dropout", 0.1);
        json.WriteNumber("classifier_dropout_prob", 0.1);
        json.WriteNumber("initializer_range", release?.Rate("initializer_range") ?? 0.02);

        // TensorFlow trains the embedding of [PAD] as any other.
        json.WriteNull("pad_token_id");
        json.WriteEndObject();
    }

    /// <summary>What the shapes tell, by the names of Hugging Face without their root; the shapes are TensorFlow's, [in, out] or by head.</summary>
    private sealed class Sizes(string path, TensorFlowNames names, Dictionary<string, TensorInfo> shapes)
    {
        private const string Layer = "encoder.layer.";
        private const string Group = "encoder.albert_layer_groups.";
        private const string LayerOfGroup = "encoder.albert_layer_groups.0.albert_layers.";

        public string Family => names.Family;

        public bool IsAlbert => Family == "albert";

        public long HiddenSize => Columns(Block + (IsAlbert ? "ffn_output.weight" : "output.dense.weight"));

        public long IntermediateSize => Columns(Block + (IsAlbert ? "ffn.weight" : "intermediate.dense.weight"));

        public int Groups => Math.Max(1, Count(Group));

        public int LayersOfGroup => Math.Max(1, Count(LayerOfGroup));

        private string Block => IsAlbert ? $"{LayerOfGroup}0." : $"{Layer}0.";

        public long Rows(string name) => Matrix(name)[0];

        public long Columns(string name) => Matrix(name)[1];

        /// <summary>ALBERT's blocks are one block, so that their number is not among the shapes.</summary>
        public int Layers(ConfigFields? release, SavedModel? graph) =>
            !IsAlbert ? Count(Layer)
            : release is not null ? release.Size("num_hidden_layers")
            : graph?.EncoderOutputs ?? throw new InferenceException(
                $"{path}: how many layers share ALBERT's block is not in the weights; put the albert_config.json of the release beside them");

        /// <summary>The second dimension of [hidden, heads, width].</summary>
        public long Heads(ConfigFields? release) =>
            Tensor(Block + (IsAlbert ? "attention.query.weight" : "attention.self.query.weight")) is { Shape: [_, var heads, _] } ? heads
            : release?.Size("num_attention_heads") ?? throw new InferenceException(
                $"{path}: the number of attention heads is not in the weights; put the bert_config.json of the release beside them");

        private System.Collections.Immutable.ImmutableArray<long> Matrix(string name) => Tensor(name) is { Shape: [_, _] } matrix
            ? matrix.Shape
            : throw new InferenceException($"{path}: tensor {Tensor(name)} is no matrix, so it is not {names.Root}{name}");

        private TensorInfo Tensor(string name) => shapes.GetValueOrDefault(name)
            ?? throw new InferenceException($"{path} lacks {names.Root}{name}, in TensorFlow's naming; it is no whole encoder");

        /// <summary>One more than the largest number behind a prefix.</summary>
        private int Count(string prefix) => shapes.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => int.TryParse(name.AsSpan(prefix.Length, Math.Max(0, name.IndexOf('.', prefix.Length) - prefix.Length)), out var number) ? number + 1 : 0)
            .DefaultIfEmpty(0).Max();
    }
}
