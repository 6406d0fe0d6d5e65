using System.Text.Json;

namespace Beret.Models;

/// <summary>What ModernBERT's config.json says beside the sizes: which layers look how far, the angles of their positions, and which layers have biases.</summary>
internal sealed record ModernBertConfig : EncoderConfig
{
    private const string Full = "full_attention";
    private const string Sliding = "sliding_attention";

    /// <summary>For each layer, whether a query sees only the keys within <see cref="LocalAttention"/>.</summary>
    public required IReadOnlyList<bool> IsLocal { get; init; }

    /// <summary>The width of the window: a query sees as far as half of it to either side, rounded down.</summary>
    public required int LocalAttention { get; init; }

    /// <summary>The base θ of the rotary angles in layers that see everything.</summary>
    public required double GlobalTheta { get; init; }

    /// <summary>The base θ of the rotary angles in layers with a window.</summary>
    public required double LocalTheta { get; init; }

    public required bool AttentionBias { get; init; }

    public required bool MlpBias { get; init; }

    public required bool NormBias { get; init; }

    public required double EmbeddingDropout { get; init; }

    public required HeadLayout Head { get; init; }

    public int HeadSize => HiddenSize / Heads;

    public override double ParameterCount
    {
        get
        {
            double h = HiddenSize, f = IntermediateSize;
            var norm = NormBias ? 2 * h : h;
            var biases = (AttentionBias ? 4 * h : 0) + (MlpBias ? 2 * f + h : 0);
            return VocabularySize * h + Layers * (4 * h * h + 3 * h * f + biases + 2 * norm) + norm;
        }
    }

    public override double FlopsPerToken(int length)
    {
        var seen = IsLocal.Sum(isLocal => (double)(isLocal ? Math.Min(length, LocalAttention / 2 * 2 + 1) : length));
        return Layers * (8.0 * HiddenSize * HiddenSize + 6.0 * HiddenSize * IntermediateSize) + 4.0 * seen * HiddenSize;
    }

    /// <summary>Equal where all settings are, the layers' one by one.</summary>
    public bool Equals(ModernBertConfig? other) => base.Equals(other) && IsLocal.SequenceEqual(other.IsLocal)
        && (LocalAttention, GlobalTheta, LocalTheta, EmbeddingDropout, AttentionBias, MlpBias, NormBias, Head)
            == (other.LocalAttention, other.GlobalTheta, other.LocalTheta, other.EmbeddingDropout, other.AttentionBias, other.MlpBias, other.NormBias, other.Head);

    public override int GetHashCode() => base.GetHashCode();

    /// <summary>Either style of keys: layer_types and rope_parameters, or global_attn_every_n_layers, global_rope_theta and local_rope_theta.</summary>
    public static ModernBertConfig Read(ConfigFields fields)
    {
        fields.RefuseObject("rope_scaling", "scaling of the rotary angles");
        var layers = fields.Size("num_hidden_layers");
        var heads = fields.Heads("num_attention_heads", "hidden_size");
        var hidden = fields.Size("hidden_size");
        if (hidden / heads % 2 != 0)
        {
            throw fields.Error($"hidden_size {hidden} over num_attention_heads {heads} is odd; rotary positions turn pairs of features");
        }

        var globalTheta = Theta(fields, Full, "global_rope_theta", 160_000);
        var normBias = fields.Flag("norm_bias", false);
        return new ModernBertConfig
        {
            Family = ModernBert.Family,
            VocabularySize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = layers,
            Heads = heads,
            IntermediateSize = fields.Size("intermediate_size"),
            MaxPositions = fields.Size("max_position_embeddings"),
            TypeVocabularySize = 0,
            EmbeddingSize = hidden,
            Activation = fields.Activation("hidden_activation"),
            LayerNormEpsilon = (float)(fields.Rate("norm_eps") ?? 1e-5),
            HiddenDropout = fields.Rate("mlp_dropout") ?? 0,
            AttentionDropout = fields.Rate("attention_dropout") ?? 0,
            ClassifierDropout = fields.Rate("classifier_dropout") ?? 0,
            EmbeddingDropout = fields.Rate("embedding_dropout") ?? 0,
            PaddingId = fields.PaddingId(otherwise: 50283),
            IsLocal = LayerTypes(fields, layers),
            LocalAttention = fields.Has("local_attention") ? fields.Size("local_attention") : 128,
            GlobalTheta = globalTheta,
            LocalTheta = Theta(fields, Sliding, "local_rope_theta", fields.IsNull("local_rope_theta") ? globalTheta : 10_000),
            AttentionBias = fields.Flag("attention_bias", false),
            MlpBias = fields.Flag("mlp_bias", false),
            NormBias = normBias,
            Head = new HeadLayout("classifier")
            {
                Transform = "head.dense",
                TransformHasBias = fields.Flag("classifier_bias", false),
                Activation = fields.Activation("classifier_activation"),
                Norm = "head.norm",
                NormHasBias = normBias,
            },
        };
    }

    /// <summary>Writes both styles of keys, for the newer and the older versions of transformers.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("vocab_size", VocabularySize);
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteNumber("max_position_embeddings", MaxPositions);
        json.WriteString("hidden_activation", ConfigFields.NameOf(Activation));
        json.WriteNumber("norm_eps", LayerNormEpsilon);
        json.WriteBoolean("norm_bias", NormBias);
        json.WriteBoolean("attention_bias", AttentionBias);
        json.WriteBoolean("mlp_bias", MlpBias);
        json.WriteNumber("embedding_dropout", EmbeddingDropout);
        json.WriteNumber("attention_dropout", AttentionDropout);
        json.WriteNumber("mlp_dropout", HiddenDropout);
        json.WriteNumber("local_attention", LocalAttention);
        json.WriteStartArray("layer_types");
        foreach (var isLocal in IsLocal)
        {
            json.WriteStringValue(isLocal ? Sliding : Full);
        }

        json.WriteEndArray();
        if (Period() is { } period)
        {
            json.WriteNumber("global_attn_every_n_layers", period);
        }

        json.WriteStartObject("rope_parameters");
        WriteTheta(Full, GlobalTheta);
        WriteTheta(Sliding, LocalTheta);
        json.WriteEndObject();
        json.WriteNumber("global_rope_theta", GlobalTheta);
        json.WriteNumber("local_rope_theta", LocalTheta);
        json.WriteBoolean("classifier_bias", Head.TransformHasBias);
        json.WriteString("classifier_activation", ConfigFields.NameOf(Head.Activation));
        json.WriteNumber("classifier_dropout", ClassifierDropout);
        ConfigFields.WritePaddingId(json, PaddingId);

        void WriteTheta(string kind, double theta)
        {
            json.WriteStartObject(kind);
            json.WriteString("rope_type", "default");
            json.WriteNumber("rope_theta", theta);
            json.WriteEndObject();
        }
    }

    private static bool[] LayerTypes(ConfigFields fields, int layers)
    {
        if (fields.Texts("layer_types") is not { } types)
        {
            var period = fields.Has("global_attn_every_n_layers") ? fields.Size("global_attn_every_n_layers") : 3;
            return [.. Enumerable.Range(0, layers).Select(i => i % period != 0)];
        }

        if (types.Count != layers)
        {
            throw fields.Error($"layer_types has {types.Count} entries for {layers} layers");
        }

        return [.. types.Select(type => type switch
        {
            Full => false,
            Sliding => true,
            _ => throw fields.Error($"layer_types has \"{type}\"; the kinds are {Full} and {Sliding}"),
        })];
    }

    private static double Theta(ConfigFields fields, string kind, string oldKey, double otherwise)
    {
        var parameters = fields.Section("rope_parameters")?.Section(kind);
        parameters?.Require("rope_type", "default");
        var theta = parameters?.Number("rope_theta") ?? fields.Number(oldKey) ?? otherwise;
        return theta > 0 ? theta : throw fields.Error($"the rotary base of {kind} is {theta}, not a number above 0");
    }

    /// <summary>n where exactly the layers 0, n, 2n, … see everything; null where no n says it.</summary>
    private int? Period()
    {
        var second = 1;
        while (second < Layers && IsLocal[second])
        {
            second++;
        }

        return Enumerable.Range(0, Layers).All(i => IsLocal[i] == (i % second != 0)) ? second : null;
    }
}
