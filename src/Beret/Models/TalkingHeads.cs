using System.Diagnostics.CodeAnalysis;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// BERT with talking-heads attention (Shazeer, Lan, Cheng, Ding and Hou, "Talking-Heads Attention", 2020) and gated feed-forward layers (Shazeer, "GLU Variants
/// Improve Transformer", 2020), as TensorFlow Hub publishes it (talkheads_ggelu_bert_en). No such model exists in Hugging Face's layout: the names of the
/// parameters are BERT's, and four more in each block.
/// </summary>
internal sealed class TalkingHeads : EncoderModel
{
    private const string Prefix = "talking_heads.";

    private readonly PostNormLayers layers;
    private readonly Pooler? pooler;

    public TalkingHeads(ParameterSet set, EncoderConfig config)
    {
        Config = config;
        var embeddings = new Embeddings(set, Prefix, config);
        var blocks = new IBlock[config.Layers];
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}encoder.layer.{i}";
            blocks[i] = new Block(new Attention(set, $"{prefix}.attention", config), new GatedFeedForward(set, prefix, config));
        }

        layers = new PostNormLayers(embeddings, blocks);
        pooler = Pooler.Of(set, $"{Prefix}pooler.dense", config);
    }

    public override EncoderConfig Config { get; }

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "talking-heads",
        Architecture = "TalkingHeadsForSequenceClassification",
        Prefix = Prefix,
        Read = Read,
        Write = BertKeys.Write,
        Create = (set, config) => new TalkingHeads(set, config),
        Head = _ => new HeadLayout("classifier"),
    };

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null) => layers.Forward(ops, batch, observe);

    /// <inheritdoc cref="Bert.Initialize"/>
    public override bool Initialize(Parameter parameter, IBackend backend, ulong? seed) => pooler?.Draw(parameter, backend, seed) ?? false;

    protected override Value Pool(Ops ops, Value x, in BatchIndices batch) => pooler?.Forward(ops, x, batch) ?? base.Pool(ops, x, batch);

    private static TalkingHeadsConfig Read(ConfigFields fields) => new(BertKeys.Read(fields, Family));

    /// <summary>Self-attention whose heads exchange their scores before the softmax and their probabilities after it, with its residual.</summary>
    private sealed class Attention
    {
        private readonly Dense queryKeyValue;
        private readonly HeadMixing mixing;
        private readonly Dense output;
        private readonly LayerNorm norm;
        private readonly EncoderConfig config;

        public Attention(ParameterSet set, string prefix, EncoderConfig config)
        {
            this.config = config;
            var (heads, hidden) = (config.Heads, config.HiddenSize);
            queryKeyValue = set.DeclareDense($"{prefix}.self", ["query", "key", "value"], hidden, hidden);
            mixing = new HeadMixing(
                set.Declare($"{prefix}.self.pre_softmax.weight", [heads, heads], decays: true),
                set.Declare($"{prefix}.self.post_softmax.weight", [heads, heads], decays: true));
            output = set.DeclareDense($"{prefix}.output", ["dense"], hidden, hidden);
            norm = set.DeclareLayerNorm($"{prefix}.output.LayerNorm", hidden, config.LayerNormEpsilon);
        }

        public Value Forward(Ops ops, Value x, in BatchIndices batch)
        {
            var qkv = ops.Linear(x, queryKeyValue);                                             // [T, 3H]
            var context = ops.TalkingHeadsAttention(qkv, mixing, batch, config.AttentionDropout); // [T, H]
            return ops.ResidualNorm(x, ops.Linear(context, output), norm, config.HiddenDropout); // [T, H]
        }
    }

    /// <summary>LayerNorm(h + Dropout(Wₒ·(gelu(W₁·h + b₁) ∘ (V·h + c)) + bₒ)).</summary>
    private sealed class GatedFeedForward
    {
        private readonly Dense intermediate;
        private readonly Dense output;
        private readonly LayerNorm norm;
        private readonly EncoderConfig config;

        public GatedFeedForward(ParameterSet set, string prefix, EncoderConfig config)
        {
            this.config = config;
            intermediate = set.DeclareDense($"{prefix}.intermediate", ["dense", "gate"], config.HiddenSize, config.IntermediateSize);
            output = set.DeclareDense($"{prefix}.output", ["dense"], config.IntermediateSize, config.HiddenSize);
            norm = set.DeclareLayerNorm($"{prefix}.output.LayerNorm", config.HiddenSize, config.LayerNormEpsilon);
        }

        public Value Forward(Ops ops, Value h)
        {
            var wide = ops.Linear(h, intermediate);                                             // [T, 2F]
            var gated = ops.GatedActivation(wide, config.Activation);                           // [T, F]
            return ops.ResidualNorm(h, ops.Linear(gated, output), norm, config.HiddenDropout);  // [T, H]
        }
    }

    private sealed class Block(Attention attention, GatedFeedForward feedForward) : IBlock
    {
        public Value Forward(Ops ops, Value x, in BatchIndices batch, RelativeTerms? terms) => feedForward.Forward(ops, attention.Forward(ops, x, batch));
    }
}

/// <summary>The sizes of a talking-heads encoder: BERT's.</summary>
internal sealed record TalkingHeadsConfig : EncoderConfig
{
    [SetsRequiredMembers]
    public TalkingHeadsConfig(EncoderConfig sizes)
        : base(sizes)
    {
    }

    /// <summary>A block has BERT's weights, the gate and the two matrices between heads.</summary>
    public override double ParameterCount => base.ParameterCount + Layers * ((HiddenSize + 1.0) * IntermediateSize + 2.0 * Heads * Heads);

    public override double FlopsPerToken(int length) =>
        base.FlopsPerToken(length) + Layers * (2.0 * HiddenSize * IntermediateSize + 4.0 * length * Heads * Heads);
}
