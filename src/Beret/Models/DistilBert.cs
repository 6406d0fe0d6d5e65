using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// DistilBERT (Sanh, Debut, Chaumond and Wolf, "DistilBERT, a distilled version of BERT: smaller, faster, cheaper and lighter", 2019): BERT with half the blocks, without
/// token types and without a pooler. Its classifier has a dense layer with ReLU instead; there is no dropout between attention and its residual.
/// </summary>
internal sealed class DistilBert : EncoderModel
{
    private const string Prefix = "distilbert.";

    /// <summary>Fixed in Hugging Face's code: there is no key for it.</summary>
    private const float LayerNormEpsilon = 1e-12f;

    private readonly Embeddings embeddings;
    private readonly PostNormLayers layers;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public DistilBert(ParameterSet set, DistilBertConfig config)
    {
        Config = config;
        embeddings = new Embeddings(set, Prefix, config);
        embeddings.Position.IsFrozen = config.HasSinusoidalPositions;
        var blocks = new IBlock[config.Layers];
        var (hidden, wide) = (config.HiddenSize, config.IntermediateSize);
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}transformer.layer.{i}";
            blocks[i] = new PostNormBlock(
                new SelfAttention(
                    set.DeclareDense($"{prefix}.attention", ["q_lin", "k_lin", "v_lin"], hidden, hidden),
                    set.DeclareDense($"{prefix}.attention", ["out_lin"], hidden, hidden),
                    set.DeclareLayerNorm($"{prefix}.sa_layer_norm", hidden, config.LayerNormEpsilon),
                    config with { HiddenDropout = 0 }),
                new FeedForward(
                    set.DeclareDense($"{prefix}.ffn", ["lin1"], hidden, wide),
                    set.DeclareDense($"{prefix}.ffn", ["lin2"], wide, hidden),
                    set.DeclareLayerNorm($"{prefix}.output_layer_norm", hidden, config.LayerNormEpsilon),
                    config));
        }

        layers = new PostNormLayers(embeddings, blocks);
    }

    public override EncoderConfig Config { get; }

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "distilbert",
        Architecture = "DistilBertForSequenceClassification",
        Prefix = Prefix,
        Read = Read,
        Write = Write,
        Create = (set, config) => new DistilBert(set, (DistilBertConfig)config),
        Head = _ => new HeadLayout("classifier") { Transform = "pre_classifier", Activation = Activation.Relu },
        MaskedHead = new MaskedHeadLayout("DistilBertForMaskedLM", "vocab_transform", "vocab_layer_norm", "vocab_projector.bias"),
    };

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        return layers.Forward(ops, batch, observe);
    }

    /// <summary>Sinusoids can be computed: row p has sin(p / 10000^(2i/H)) in column 2i and the cosine in the next (Vaswani et al., 2017, §3.5).</summary>
    public override bool Initialize(Parameter parameter, IBackend backend, ulong? seed)
    {
        if (!parameter.IsFrozen || parameter != embeddings.Position)
        {
            return false;
        }

        var values = new float[parameter.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var (position, column) = (i / parameter.Columns, i % parameter.Columns);
            var angle = position / Math.Pow(10000, 2.0 * (column / 2) / parameter.Columns);
            values[i] = (float)(column % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
        }

        backend.Write(values, parameter.Value);
        return true;
    }

    private static DistilBertConfig Read(ConfigFields fields)
    {
        var hidden = fields.Size("dim");
        return new DistilBertConfig(new EncoderConfig
        {
            Family = Family,
            VocabularySize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("n_layers"),
            Heads = fields.Heads("n_heads", "dim"),
            IntermediateSize = fields.Size("hidden_dim"),
            MaxPositions = fields.Size("max_position_embeddings"),
            TypeVocabularySize = 0,
            EmbeddingSize = hidden,
            Activation = fields.Activation("activation"),
            LayerNormEpsilon = LayerNormEpsilon,
            HiddenDropout = fields.Rate("dropout") ?? 0.1,
            AttentionDropout = fields.Rate("attention_dropout") ?? 0.1,
            ClassifierDropout = fields.Rate("seq_classif_dropout") ?? 0.2,
            PaddingId = fields.PaddingId(),
        })
        {
            HasSinusoidalPositions = fields.Flag("sinusoidal_pos_embds", otherwise: false),
        };
    }

    private static void Write(Utf8JsonWriter json, EncoderConfig config)
    {
        json.WriteNumber("vocab_size", config.VocabularySize);
        json.WriteNumber("dim", config.HiddenSize);
        json.WriteNumber("n_layers", config.Layers);
        json.WriteNumber("n_heads", config.Heads);
        json.WriteNumber("hidden_dim", config.IntermediateSize);
        json.WriteNumber("max_position_embeddings", config.MaxPositions);
        json.WriteBoolean("sinusoidal_pos_embds", ((DistilBertConfig)config).HasSinusoidalPositions);
        json.WriteString("activation", ConfigFields.NameOf(config.Activation));
        json.WriteNumber("dropout", config.HiddenDropout);
        json.WriteNumber("attention_dropout", config.AttentionDropout);
        json.WriteNumber("seq_classif_dropout", config.ClassifierDropout);
        ConfigFields.WritePaddingId(json, config.PaddingId);
    }
}

/// <summary>The sizes of DistilBERT.</summary>
internal sealed record DistilBertConfig : PoolerlessConfig
{
    [SetsRequiredMembers]
    public DistilBertConfig(EncoderConfig sizes)
        : base(sizes)
    {
    }

    /// <summary>Whether the position embeddings are sinusoids, which training leaves alone.</summary>
    public bool HasSinusoidalPositions { get; init; }
}
