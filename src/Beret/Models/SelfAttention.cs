using Beret.Numerics;

namespace Beret.Models;

/// <summary>Multi-head self-attention with its residual (Vaswani et al., 2017, §3.2): LayerNorm(x + Dropout(Attention(x)·Wₒ + bₒ)).</summary>
internal sealed class SelfAttention
{
    private readonly Dense queryKeyValue;
    private readonly Dense output;
    private readonly LayerNorm norm;
    private readonly EncoderConfig config;

    /// <summary>Under BERT's names.</summary>
    public SelfAttention(ParameterSet set, string prefix, EncoderConfig config)
        : this(
            set.DeclareDense($"{prefix}.self", ["query", "key", "value"], config.HiddenSize, config.HiddenSize),
            set.DeclareDense($"{prefix}.output", ["dense"], config.HiddenSize, config.HiddenSize),
            set.DeclareLayerNorm($"{prefix}.output.LayerNorm", config.HiddenSize, config.LayerNormEpsilon),
            config)
    {
    }

    public SelfAttention(Dense queryKeyValue, Dense output, LayerNorm norm, EncoderConfig config)
    {
        this.queryKeyValue = queryKeyValue;
        this.output = output;
        this.norm = norm;
        this.config = config;
    }

    public Value Forward(Ops ops, Value x, in BatchIndices batch, RelativeTerms? terms = null)
    {
        var qkv = ops.Linear(x, queryKeyValue);                                                 // [T, 3H]
        var context = terms is { } t                                                            // [T, H]
            ? ops.RelativeAttention(qkv, t, batch, config.Heads, config.AttentionDropout)
            : ops.Attention(qkv, batch, config.Heads, config.AttentionDropout);
        return ops.ResidualNorm(x, ops.Linear(context, output), norm, config.HiddenDropout);    // [T, H]
    }
}
