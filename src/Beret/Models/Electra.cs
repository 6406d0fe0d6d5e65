using System.Diagnostics.CodeAnalysis;
using Beret.Checkpoints;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// ELECTRA (Clark, Luong, Le and Manning, "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", 2020): BERT's encoder, in the small model
/// with narrower tables and a projection. Its discriminator has no pooler, and there are two answers to that. Hugging Face's classifier brings a dense layer
/// with (exact) GELU of its own; TensorFlow Hub's encoder has BERT's pooler, which starts as the identity.
/// </summary>
internal sealed class Electra : EncoderModel
{
    private const string Prefix = "electra.";
    private const string PoolerName = "pooler.dense";
    private const string HeadTransform = "classifier.dense";

    private readonly PostNormLayers layers;
    private readonly Pooler? pooler;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public Electra(ParameterSet set, ElectraConfig config)
    {
        Config = config;
        layers = PostNormLayers.UnderBertNames(set, Prefix, config);
        pooler = Pooler.Of(set, Prefix + PoolerName, config);
    }

    public override EncoderConfig Config { get; }

    public Embeddings Embeddings => layers.Embeddings;

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "electra",
        Architecture = "ElectraForSequenceClassification",
        Prefix = Prefix,
        Read = Read,
        Write = BertKeys.Write,
        Create = (set, config) => new Electra(set, (ElectraConfig)config),
        Head = config => ((ElectraConfig)config).HasPooler
            ? new HeadLayout("classifier")
            : new HeadLayout("classifier.out_proj") { Transform = HeadTransform, Activation = Activation.Gelu, DropsInput = true },
        Adapt = Adapt,

        // That of the generator; the discriminator has another task.
        MaskedHead = new MaskedHeadLayout("ElectraForMaskedLM", "generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head.bias") { Activation = Activation.Gelu },
    };

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null) => layers.Forward(ops, batch, observe);

    /// <summary>A pooler that the checkpoint lacks is the identity: nothing is left to chance.</summary>
    public override bool Initialize(Parameter parameter, IBackend backend, ulong? seed) => pooler?.SetToIdentity(parameter, backend) ?? false;

    protected override Value Pool(Ops ops, Value x, in BatchIndices batch) => pooler?.Forward(ops, x, batch) ?? base.Pool(ops, x, batch);

    private static ElectraConfig Read(ConfigFields fields) => new(BertKeys.Read(fields, Family, embeddingSize: 128));

    /// <summary>A checkpoint of a classifier has one of the two heads, whoever is asked for its definition.</summary>
    private static ElectraConfig Adapt(EncoderConfig config, Checkpoint checkpoint)
    {
        var electra = (ElectraConfig)config;
        return checkpoint.Contains($"{HeadTransform}.weight") ? electra with { HasPooler = false }
            : checkpoint.Contains($"{Prefix}{PoolerName}.weight") || checkpoint.Contains($"{PoolerName}.weight") ? electra with { HasPooler = true }
            : electra;
    }
}

/// <summary>The sizes of ELECTRA.</summary>
internal sealed record ElectraConfig : EncoderConfig
{
    [SetsRequiredMembers]
    public ElectraConfig(EncoderConfig sizes)
        : base(sizes)
    {
        // Hugging Face's, whose classifier has a dense layer more; TensorFlow Hub's has a pooler.
        HasPooler = false;
    }
}
