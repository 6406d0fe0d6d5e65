using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// BERT (Devlin, Chang, Lee and Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019):
/// embeddings, L post-norm transformer blocks, and a pooler on the first token.
/// </summary>
internal sealed class Bert : EncoderModel
{
    private const string Prefix = "bert.";

    private readonly Embeddings embeddings;
    private readonly Block[] blocks;
    private readonly Pooler pooler;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public Bert(ParameterSet set, EncoderConfig config)
    {
        Config = config;
        embeddings = new Embeddings(set, Prefix, config);
        blocks = new Block[config.Layers];
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}encoder.layer.{i}";
            blocks[i] = new Block(new SelfAttention(set, $"{prefix}.attention", config), new FeedForward(set, prefix, config));
        }

        pooler = new Pooler(set, $"{Prefix}pooler.dense", config);
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
    };

    public override EncoderOutputs Forward(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        var mark = ops.Arena.Mark;
        var x = ops.Keep(mark, embeddings.Forward(ops, batch));                                 // [T, H]
        observe?.Invoke(0, x);
        for (var i = 0; i < blocks.Length; i++)
        {
            var h = blocks[i].Attention.Forward(ops, x, batch);                                 // [T, H]
            x = ops.Keep(mark, blocks[i].FeedForward.Forward(ops, h));                          // [T, H]
            observe?.Invoke(i + 1, x);
        }

        return new EncoderOutputs(x, pooler.Forward(ops, x, batch));                            // [T, H], [B, H]
    }

    /// <summary>The pooler is new where the checkpoint is that of a masked language model, which has none.</summary>
    public override bool Initialize(Parameter parameter, IBackend backend, ulong? seed) => pooler.Draw(parameter, backend, seed);

    private static EncoderConfig Read(ConfigFields fields) => BertKeys.Read(fields, Family);

    private readonly record struct Block(SelfAttention Attention, FeedForward FeedForward);
}
