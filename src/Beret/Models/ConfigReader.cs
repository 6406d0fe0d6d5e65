using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>Reads an encoder's config.json in the Hugging Face layout.</summary>
internal static class ConfigReader
{
    private const long LongestFile = 16 << 20;
    private const int LargestSize = 1 << 20;

    /// <exception cref="ModelException">The file is missing, is not JSON, lacks a size, or asks for something that is not supported.</exception>
    public static EncoderConfig Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new ModelException($"{path} does not exist; a model folder holds config.json beside its weights");
        }

        if (new FileInfo(path).Length > LongestFile)
        {
            throw new ModelException($"{path} is larger than {LongestFile >> 20} MiB, so it is no model configuration");
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(document.RootElement, path);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Text that is no Unicode is an InvalidOperationException when it is looked at.
            throw new ModelException($"{path} is not valid JSON: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path} cannot be read: {error.Message}", error);
        }
    }

    private static EncoderConfig Read(JsonElement root, string path)
    {
        var fields = new Fields(root, path);
        var type = fields.Text("model_type") ?? "bert";
        if (type != "bert")
        {
            throw new ModelException($"{path}: model_type is \"{type}\"; the supported architecture is bert");
        }

        fields.Refuse("is_decoder", "a decoder's causal attention");
        fields.Refuse("add_cross_attention", "cross-attention");
        if (fields.Text("position_embedding_type") is { } positions && positions != "absolute")
        {
            throw new ModelException($"{path}: position_embedding_type is \"{positions}\"; only \"absolute\" is supported");
        }

        var hidden = fields.Size("hidden_size");
        var heads = fields.Size("num_attention_heads");
        if (hidden % heads != 0)
        {
            throw new ModelException($"{path}: hidden_size {hidden} is not a multiple of num_attention_heads {heads}");
        }

        var hiddenDropout = fields.Rate("hidden_dropout_prob") ?? 0.1;
        var labels = fields.Labels();
        return new EncoderConfig
        {
            ModelType = type,
            VocabularySize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("num_hidden_layers"),
            Heads = heads,
            IntermediateSize = fields.Size("intermediate_size"),
            MaxPositions = fields.Size("max_position_embeddings"),
            TypeVocabularySize = fields.Size("type_vocab_size"),
            EmbeddingSize = fields.Has("embedding_size") ? fields.Size("embedding_size") : hidden,
            Activation = ActivationOf(fields.Text("hidden_act") ?? "gelu", path),
            LayerNormEpsilon = (float)(fields.Rate("layer_norm_eps") ?? 1e-12),
            HiddenDropout = hiddenDropout,
            AttentionDropout = fields.Rate("attention_probs_dropout_prob") ?? 0.1,
            ClassifierDropout = fields.Rate("classifier_dropout") ?? hiddenDropout,
            InitializerRange = fields.Rate("initializer_range") ?? 0.02,
            PaddingId = fields.PaddingId(),
            Labels = labels,
            ProblemType = fields.Text("problem_type"),
            Architecture = fields.FirstOf("architectures") ?? "",
        };
    }

    private static Activation ActivationOf(string name, string path) => name switch
    {
        "gelu" => Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Activation.GeluTanh,
        "relu" => Activation.Relu,
        _ => throw new ModelException($"{path}: hidden_act is \"{name}\"; supported are gelu, gelu_new, gelu_pytorch_tanh and relu"),
    };

    /// <summary>Typed access that names the file and the key in its errors.</summary>
    private readonly struct Fields
    {
        private readonly JsonElement root;
        private readonly string path;

        public Fields(JsonElement root, string path)
        {
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new ModelException($"{path} holds no JSON object");
            }

            this.root = root;
            this.path = path;
        }

        public bool Has(string name) => root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

        public string? Text(string name) => !Has(name) ? null
            : root.GetProperty(name) is { ValueKind: JsonValueKind.String } value ? value.GetString()
            : throw Wrong(name, "a string");

        public double? Number(string name) => !Has(name) ? null
            : root.GetProperty(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && double.IsFinite(number) ? number
            : throw Wrong(name, "a number");

        public double? Rate(string name) => Number(name) switch
        {
            null => null,
            >= 0 and < 1 and var rate => rate,
            _ => throw Wrong(name, "a number in [0, 1)"),
        };

        public int Size(string name) => Number(name) switch
        {
            null => throw new ModelException($"{path}: {name} is missing"),
            >= 1 and <= LargestSize and var size when size == Math.Floor(size) => (int)size,
            _ => throw Wrong(name, $"a whole number from 1 to {LargestSize}"),
        };

        /// <summary>0 where config.json does not say, −1 where it says null.</summary>
        public int PaddingId() => Number("pad_token_id") switch
        {
            null => root.TryGetProperty("pad_token_id", out _) ? -1 : 0,
            >= -1 and <= int.MaxValue and var id when id == Math.Floor(id) => (int)id,
            _ => throw Wrong("pad_token_id", "the number of a token"),
        };

        public void Refuse(string name, string what)
        {
            if (Has(name) && root.GetProperty(name).ValueKind == JsonValueKind.True)
            {
                throw new ModelException($"{path}: {name} is true; {what} is not supported");
            }
        }

        public string? FirstOf(string name) =>
            Has(name) && root.GetProperty(name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0
            && list[0].ValueKind == JsonValueKind.String ? list[0].GetString() : null;

        /// <summary>id2label, in the order of its numbers.</summary>
        public IReadOnlyList<string>? Labels()
        {
            if (!Has("id2label"))
            {
                return Has("num_labels") ? [.. Enumerable.Range(0, Size("num_labels")).Select(i => $"LABEL_{i}")] : null;
            }

            var map = root.GetProperty("id2label");
            if (map.ValueKind != JsonValueKind.Object)
            {
                throw Wrong("id2label", "an object");
            }

            var labels = new SortedDictionary<int, string>();
            foreach (var entry in map.EnumerateObject())
            {
                if (!int.TryParse(entry.Name, out var id) || entry.Value.ValueKind != JsonValueKind.String || !labels.TryAdd(id, entry.Value.GetString()!))
                {
                    throw Wrong("id2label", "an object from the numbers 0, 1, 2, … to names");
                }
            }

            if (labels.Count == 0 || labels.Keys.First() != 0 || labels.Keys.Last() != labels.Count - 1)
            {
                throw Wrong("id2label", "an object from the numbers 0, 1, 2, … to names");
            }

            return [.. labels.Values];
        }

        private ModelException Wrong(string name, string wanted) => new($"{path}: {name} is {root.GetProperty(name).GetRawText()}, not {wanted}");
    }
}
