using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// RoBERTa (Liu et al., "RoBERTa: A Robustly Optimized BERT Pretraining Approach", 2019) and XLM-RoBERTa (Conneau et al., "Unsupervised Cross-lingual Representation
/// Learning at Scale", 2020): BERT's encoder, whose positions are counted from the row after that of the padding token. The classifier has a dense layer with tanh in the place of the pooler.
/// </summary>
internal sealed class Roberta : EncoderModel
{
    private const string Prefix = "roberta.";
    private const int PaddingId = 1;

    private readonly PostNormLayers layers;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public Roberta(ParameterSet set, EncoderConfig config)
    {
        Config = config;
        layers = PostNormLayers.UnderBertNames(set, Prefix, config);
    }

    public override EncoderConfig Config { get; }

    /// <summary>RoBERTa's head, which MPNet shares.</summary>
    internal static HeadLayout Head { get; } = new("classifier.out_proj") { Transform = "classifier.dense", Activation = Activation.Tanh, DropsInput = true };

    /// <summary>RoBERTa's head for hidden tokens, whose activation is GELU whatever the encoder's is.</summary>
    internal static MaskedHeadLayout MaskedHead { get; } = new("RobertaForMaskedLM", "lm_head.dense", "lm_head.layer_norm", "lm_head.bias") { Activation = Activation.Gelu };

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "roberta",
        Architecture = "RobertaForSequenceClassification",
        Prefix = Prefix,
        Read = fields => Read(fields, Family!),
        Write = BertKeys.Write,
        Create = (set, config) => new Roberta(set, config),
        Head = _ => Head,
        MaskedHead = MaskedHead,
    };

    /// <summary>XLM-RoBERTa: the same under another name.</summary>
    public static EncoderFamily Multilingual { get; } = Family with
    {
        ModelType = "xlm-roberta",
        Architecture = "XLMRobertaForSequenceClassification",
        MaskedHead = MaskedHead with { Architecture = "XLMRobertaForMaskedLM" },
        Read = fields => Read(fields, Multilingual!),
    };

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        return layers.Forward(ops, batch, observe);
    }

    private static PoolerlessConfig Read(ConfigFields fields, EncoderFamily family)
    {
        var padding = fields.PaddingId(PaddingId);
        return padding is >= 0 and < ConfigFields.LargestSize
            ? new PoolerlessConfig(BertKeys.Read(fields, family, firstPosition: padding + 1, paddingId: PaddingId))
            : throw fields.Error("pad_token_id is not the number of a token; RoBERTa counts positions from it");
    }
}
