using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// MPNet (Song, Tan, Qin, Lu and Liu, "MPNet: Masked and Permuted Pre-training for Language Understanding", 2020): RoBERTa's encoder without token types, whose scores
/// get a bias by the distance between query and key, one for each head and bucket of distances, the same in all blocks (Raffel et al., T5, 2020, §2.1).
/// </summary>
internal sealed class Mpnet : EncoderModel
{
    private const string Prefix = "mpnet.";

    /// <summary>Fixed in Hugging Face's code, whatever config.json says.</summary>
    private const int PaddingId = 1;

    private readonly Parameter bias;
    private readonly RelativeDistances distances;
    private readonly PostNormLayers layers;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public Mpnet(ParameterSet set, MpnetConfig config)
    {
        Config = config;
        var embeddings = new Embeddings(set, Prefix, config);
        distances = new RelativeDistances(config.MaxPositions, Bucket);
        var blocks = new IBlock[config.Layers];
        var hidden = config.HiddenSize;
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}encoder.layer.{i}";
            blocks[i] = new PostNormBlock(
                new SelfAttention(
                    set.DeclareDense($"{prefix}.attention.attn", ["q", "k", "v"], hidden, hidden),
                    set.DeclareDense($"{prefix}.attention.attn", ["o"], hidden, hidden),
                    set.DeclareLayerNorm($"{prefix}.attention.LayerNorm", hidden, config.LayerNormEpsilon),
                    config),
                new FeedForward(set, prefix, config));
        }

        layers = new PostNormLayers(embeddings, blocks);
        bias = set.Declare($"{Prefix}encoder.relative_attention_bias.weight", [config.BiasRows, config.Heads], decays: true);
    }

    public override EncoderConfig Config { get; }

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "mpnet",
        Architecture = "MPNetForSequenceClassification",
        Prefix = Prefix,
        Read = Read,
        Write = Write,
        Create = (set, config) => new Mpnet(set, (MpnetConfig)config),
        Head = _ => Roberta.Head,
        MaskedHead = Roberta.MaskedHead with { Architecture = "MPNetForMaskedLM" },
    };

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        var buckets = ops.Upload(distances.Within(batch.LastPosition + 1));
        var terms = new RelativeTerms(buckets, null, null, bias, 1 / Math.Sqrt(Config.HiddenSize / Config.Heads));
        return layers.Forward(ops, batch, observe, terms);
    }

    /// <summary>
    /// The bucket of a distance query − key: 16 for keys before the query and itself, 16 for those after it. The first 8 hold one distance each, the others up to 128
    /// are spaced by logarithms.
    /// </summary>
    internal static int Bucket(int distance)
    {
        const int half = MpnetConfig.Buckets / 2, near = half / 2;
        const float farthest = 128;
        var far = Math.Abs(distance);
        var bucket = far < near ? far
            : Math.Min(half - 1, near + (int)(MathF.Log((float)far / near) / (float)Math.Log(farthest / near) * (half - near)));
        return distance < 0 ? half + bucket : bucket;
    }

    private static MpnetConfig Read(ConfigFields fields)
    {
        const string rows = "relative_attention_num_buckets";
        return new MpnetConfig(BertKeys.Read(fields, Family, hasTypes: false, firstPosition: PaddingId + 1) with { PaddingId = PaddingId })
        {
            BiasRows = fields.Has(rows) ? fields.Size(rows, MpnetConfig.Buckets) : MpnetConfig.Buckets,
        };
    }

    private static void Write(Utf8JsonWriter json, EncoderConfig config)
    {
        BertKeys.Write(json, config);
        json.WriteNumber("relative_attention_num_buckets", ((MpnetConfig)config).BiasRows);
    }
}

/// <summary>The sizes of MPNet.</summary>
internal sealed record MpnetConfig : PoolerlessConfig
{
    /// <summary>The buckets of distances that are used.</summary>
    public const int Buckets = 32;

    [SetsRequiredMembers]
    public MpnetConfig(EncoderConfig sizes)
        : base(sizes)
    {
    }

    /// <summary>Rows of the table of biases; only the first <see cref="Buckets"/> are ever read.</summary>
    public int BiasRows { get; init; } = Buckets;

    public override double ParameterCount => base.ParameterCount + (double)BiasRows * Heads;
}
