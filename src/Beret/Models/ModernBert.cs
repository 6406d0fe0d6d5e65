using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// ModernBERT (Warner et al., "Smarter, Better, Faster, Longer: A Modern Bidirectional Encoder", 2024): pre-norm transformer blocks with rotary positions, attention
/// within a window in most layers, and gated GELU.
/// </summary>
internal sealed class ModernBert : EncoderModel
{
    private const string Prefix = "model.";

    private readonly ModernBertConfig config;
    private readonly EmbeddingTables embeddings;
    private readonly Block[] blocks;
    private readonly LayerNorm[] norms;
    private readonly RotaryTable globalAngles;
    private readonly RotaryTable localAngles;

    /// <summary>Declares all parameters under the names of a Hugging Face checkpoint.</summary>
    public ModernBert(ParameterSet set, ModernBertConfig config)
    {
        this.config = config;
        var word = set.Declare($"{Prefix}embeddings.tok_embeddings.weight", [config.VocabularySize, config.HiddenSize], decays: true, hasRowGradient: true);
        word.PaddingRow = config.PaddingId < config.VocabularySize ? config.PaddingId : -1;
        embeddings = new EmbeddingTables(word, null, null, Norm($"{Prefix}embeddings.norm"));

        // Each sub-block is followed by the norm that the next one reads; the first reads the embeddings' own.
        blocks = new Block[config.Layers];
        norms = new LayerNorm[2 * config.Layers];
        for (var i = 0; i < blocks.Length; i++)
        {
            var prefix = $"{Prefix}layers.{i}";
            if (i > 0)
            {
                norms[2 * i - 1] = Norm($"{prefix}.attn_norm");
            }

            blocks[i] = new Block(
                set.DeclareDense($"{prefix}.attn", ["Wqkv"], config.HiddenSize, 3 * config.HiddenSize, config.AttentionBias),
                set.DeclareDense($"{prefix}.attn", ["Wo"], config.HiddenSize, config.HiddenSize, config.AttentionBias),
                set.DeclareDense($"{prefix}.mlp", ["Wi"], config.HiddenSize, 2 * config.IntermediateSize, config.MlpBias),
                set.DeclareDense($"{prefix}.mlp", ["Wo"], config.IntermediateSize, config.HiddenSize, config.MlpBias));
            norms[2 * i] = Norm($"{prefix}.mlp_norm");
        }

        norms[^1] = Norm($"{Prefix}final_norm");
        globalAngles = set.DeclareRotary(config.HeadSize, config.GlobalTheta);
        localAngles = set.DeclareRotary(config.HeadSize, config.LocalTheta);

        LayerNorm Norm(string name) => set.DeclareLayerNorm(name, config.HiddenSize, config.LayerNormEpsilon, config.NormBias);
    }

    public override EncoderConfig Config => config;

    public static EncoderFamily Family { get; } = new()
    {
        ModelType = "modernbert",
        Architecture = "ModernBertForSequenceClassification",
        Prefix = Prefix,
        Read = ModernBertConfig.Read,
        Write = (json, config) => ((ModernBertConfig)config).Write(json),
        Create = (set, config) => new ModernBert(set, (ModernBertConfig)config),
        Head = config => ((ModernBertConfig)config).Head,
    };

    public override bool PassesBlocks => false;

    public override Value Contextualize(Ops ops, in BatchIndices batch, LayerObserver? observe = null)
    {
        var mark = ops.Arena.Mark;
        var x = ops.Keep(mark, ops.Dropout(ops.Embed(embeddings, batch), config.EmbeddingDropout)); // [T, H]
        x = ops.Thaw(0, x);
        var normal = x;
        observe?.Invoke(0, x);
        for (var i = 0; i < blocks.Length; i++)
        {
            var attention = Attention(ops, normal, batch, i);                                       // [T, H]
            (x, normal) = ops.AddNorm(x, attention, norms[2 * i], config.AttentionDropout);
            var wide = FeedForward(ops, normal, i);                                                 // [T, H]
            (x, wide) = ops.Thaw(i + 1, x, wide);
            (x, normal) = ops.AddNorm(x, wide, norms[2 * i + 1], dropoutRate: 0);
            (x, normal) = ops.Keep(mark, x, normal);
            observe?.Invoke(i + 1, i + 1 < blocks.Length ? x : normal);
        }

        return normal;
    }

    private Value Attention(Ops ops, Value normal, in BatchIndices batch, int layer)
    {
        var isLocal = config.IsLocal[layer];
        var qkv = ops.Linear(normal, blocks[layer].QueryKeyValue);                                  // [T, 3H]
        qkv = ops.Rotate(qkv, isLocal ? localAngles : globalAngles, batch, config.Heads);
        var context = ops.Attention(qkv, batch, config.Heads, config.AttentionDropout, isLocal ? config.LocalAttention / 2 : null); // [T, H]
        return ops.Linear(context, blocks[layer].AttentionOutput);
    }

    private Value FeedForward(Ops ops, Value normal, int layer)
    {
        var inputAndGate = ops.Linear(normal, blocks[layer].InputAndGate);                          // [T, 2F]
        var wide = ops.Dropout(ops.GatedActivation(inputAndGate, config.Activation), config.HiddenDropout); // [T, F]
        return ops.Linear(wide, blocks[layer].Output);
    }

    private readonly record struct Block(Dense QueryKeyValue, Dense AttentionOutput, Dense InputAndGate, Dense Output);
}
