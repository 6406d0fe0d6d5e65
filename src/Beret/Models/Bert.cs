using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// BERT (Devlin, Chang, Lee and Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019):
/// embeddings, L post-norm transformer blocks, and a pooler on the first token.
/// </summary>
internal sealed class Bert : EncoderModel
{
    private const string Prefix = "bert.";

    private readonly PostNormLayers layers;
    private readonly Pooler? pooler;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public Bert(ParameterSet set, EncoderConfig config)
    {
        Config = config;
        layers = PostNormLayers.UnderBertNames(set, Prefix, config);
        pooler = Pooler.Of(set, $"{Prefix}pooler.dense", config);
    }

    public override EncoderConfig Config { get; }

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "bert",
        Architecture = "BertForSequenceClassification",
        Prefix = Prefix,
        Read = Read,
        Write = BertKeys.Write,
        Create = (set, config) => new Bert(set, config),
        Head = _ => new HeadLayout("classifier"),
        MaskedHead = new MaskedHeadLayout("BertForMaskedLM", "cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    };

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null) => layers.Forward(ops, batch, observe);

    /// <summary>The pooler is new where the checkpoint is that of a masked language model, which has none.</summary>
    public override bool Initialize(Parameter parameter, IBackend backend, ulong? seed) => pooler?.Draw(parameter, backend, seed) ?? false;

    protected override Value Pool(Ops ops, Value x, in BatchIndices batch) => pooler?.Forward(ops, x, batch) ?? base.Pool(ops, x, batch);

    private static EncoderConfig Read(ConfigFields fields) => BertKeys.Read(fields, Family);
}
