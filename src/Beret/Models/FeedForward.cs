using Beret.Numerics;

namespace Beret.Models;

/// <summary>The position-wise feed-forward network with its residual: LayerNorm(h + Dropout(W₂·gelu(W₁·h + b₁) + b₂)).</summary>
internal sealed class FeedForward
{
    private readonly Dense intermediate;
    private readonly Dense output;
    private readonly LayerNorm norm;
    private readonly EncoderConfig config;

    /// <summary>Under BERT's names.</summary>
    public FeedForward(ParameterSet set, string prefix, EncoderConfig config)
        : this(
            set.DeclareDense($"{prefix}.intermediate", ["dense"], config.HiddenSize, config.IntermediateSize),
            set.DeclareDense($"{prefix}.output", ["dense"], config.IntermediateSize, config.HiddenSize),
            set.DeclareLayerNorm($"{prefix}.output.LayerNorm", config.HiddenSize, config.LayerNormEpsilon),
            config)
    {
    }

    public FeedForward(Dense intermediate, Dense output, LayerNorm norm, EncoderConfig config)
    {
        this.intermediate = intermediate;
        this.output = output;
        this.norm = norm;
        this.config = config;
    }

    public Value Forward(Ops ops, Value h)
    {
        var wide = ops.Linear(h, intermediate, config.Activation);                              // [T, F]
        return ops.ResidualNorm(h, ops.Linear(wide, output), norm, config.HiddenDropout);       // [T, H]
    }
}
