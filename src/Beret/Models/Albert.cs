using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// ALBERT (Lan et al., "ALBERT: A Lite BERT for Self-supervised Learning of Language Representations", 2020): BERT whose layers share their parameters (§3.1,
/// "cross-layer parameter sharing") and whose embedding tables are narrower than the model ("factorized embedding parameterization").
/// </summary>
internal sealed class Albert : EncoderModel
{
    private const string Prefix = "albert.";
    private const string ClassifierDropoutKey = "classifier_dropout_prob";

    private readonly AlbertConfig config;
    private readonly PostNormLayers layers;
    private readonly Pooler? pooler;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public Albert(ParameterSet set, AlbertConfig config)
    {
        this.config = config;
        var (hidden, epsilon) = (config.HiddenSize, config.LayerNormEpsilon);
        var embeddings = new Embeddings(set, Prefix, config, $"{Prefix}encoder.embedding_hidden_mapping_in");
        var blocks = new IBlock[config.Groups * config.LayersOfGroup];
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}encoder.albert_layer_groups.{i / config.LayersOfGroup}.albert_layers.{i % config.LayersOfGroup}";
            var attention = new SelfAttention(
                set.DeclareDense($"{prefix}.attention", ["query", "key", "value"], hidden, hidden),
                set.DeclareDense($"{prefix}.attention", ["dense"], hidden, hidden),
                set.DeclareLayerNorm($"{prefix}.attention.LayerNorm", hidden, epsilon),
                config);
            var feedForward = new FeedForward(
                set.DeclareDense(prefix, ["ffn"], hidden, config.IntermediateSize),
                set.DeclareDense(prefix, ["ffn_output"], config.IntermediateSize, hidden),
                set.DeclareLayerNorm($"{prefix}.full_layer_layer_norm", hidden, epsilon),
                config);
            blocks[i] = new PostNormBlock(attention, feedForward);
        }

        layers = new PostNormLayers(embeddings, [.. Enumerable.Range(0, config.Layers).Select(i => blocks[config.BlockOfLayer(i)])]);
        pooler = Pooler.Of(set, $"{Prefix}pooler", config);
    }

    public override EncoderConfig Config => config;

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "albert",
        Architecture = "AlbertForSequenceClassification",
        Prefix = Prefix,
        Read = Read,
        Write = Write,
        Create = (set, config) => new Albert(set, (AlbertConfig)config),
        Head = _ => new HeadLayout("classifier"),
    };

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null) => layers.Forward(ops, batch, observe);

    /// <inheritdoc cref="Bert.Initialize"/>
    public override bool Initialize(Parameter parameter, IBackend backend, ulong? seed) => pooler?.Draw(parameter, backend, seed) ?? false;

    protected override Value Pool(Ops ops, Value x, in BatchIndices batch) => pooler?.Forward(ops, x, batch) ?? base.Pool(ops, x, batch);

    private static AlbertConfig Read(ConfigFields fields)
    {
        var inner = fields.Has("inner_group_num") ? fields.Size("inner_group_num") : 1;
        var layers = (long)fields.Size("num_hidden_layers") * inner;
        return new AlbertConfig(BertKeys.Read(fields, Family, embeddingSize: 128))
        {
            Layers = layers <= ConfigFields.LargestSize ? (int)layers : throw fields.Error($"num_hidden_layers times inner_group_num is {layers} layers"),
            Groups = fields.Has("num_hidden_groups") ? fields.Size("num_hidden_groups") : 1,
            LayersOfGroup = inner,
            Activation = fields.Activation("hidden_act", "gelu_new"),
            HiddenDropout = fields.Rate("hidden_dropout_prob") ?? 0,
            AttentionDropout = fields.Rate("attention_probs_dropout_prob") ?? 0,
            ClassifierDropout = fields.Rate(ClassifierDropoutKey) ?? 0.1,
        };
    }

    private static void Write(Utf8JsonWriter json, EncoderConfig config)
    {
        var albert = (AlbertConfig)config;
        BertKeys.Write(json, config with { Layers = config.Layers / albert.LayersOfGroup }, ClassifierDropoutKey);
        json.WriteNumber("num_hidden_groups", albert.Groups);
        json.WriteNumber("inner_group_num", albert.LayersOfGroup);
    }
}

/// <summary>The sizes of ALBERT. <see cref="EncoderConfig.Layers"/> counts the layers that a token passes, whichever parameters they have.</summary>
internal sealed record AlbertConfig : EncoderConfig
{
    [SetsRequiredMembers]
    public AlbertConfig(EncoderConfig sizes)
        : base(sizes)
    {
    }

    /// <summary>The layers are cut into so many runs of the same length; a run has one group of parameters.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Layers of their own parameters in a group, which are passed one after the other, again and again.</summary>
    public int LayersOfGroup { get; init; } = 1;

    public override double ParameterCount
    {
        get
        {
            double e = EmbeddingSize, h = HiddenSize, f = IntermediateSize;
            var embeddings = ((double)VocabularySize + MaxPositions + TypeVocabularySize + 2) * e + (e + 1) * h;
            var block = 4 * (h + 1) * h + 2 * h * f + f + h + 4 * h;
            return embeddings + (double)Groups * LayersOfGroup * block + (BringsPooler ? (h + 1) * h : 0);
        }
    }

    public override double FlopsPerToken(int length) => base.FlopsPerToken(length) + (EmbeddingSize == HiddenSize ? 2.0 * EmbeddingSize * HiddenSize : 0);

    /// <summary>The number of the block, counted over all groups, that a layer is. The runs end where Hugging Face's division in double precision ends them.</summary>
    public int BlockOfLayer(int layer)
    {
        var (turn, inner) = Math.DivRem(layer, LayersOfGroup);
        var turns = Layers / LayersOfGroup;
        return (int)(turn / ((double)turns / Groups)) * LayersOfGroup + inner;
    }
}
