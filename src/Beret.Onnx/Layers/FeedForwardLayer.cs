using Beret.Models;
using Beret.Onnx.Graphs;

namespace Beret.Onnx.Layers;

/// <summary>What the two layers of a feed-forward network and its norm are called.</summary>
internal sealed record FeedForwardNames(string Up, string Down, string Norm)
{
    /// <summary>BERT's.</summary>
    public static FeedForwardNames Bert(string prefix) => new($"{prefix}.intermediate.dense", $"{prefix}.output.dense", $"{prefix}.output.LayerNorm");
}

/// <summary>The position-wise feed-forward network with its residual.</summary>
internal static class FeedForwardLayer
{
    /// <summary>LayerNorm(h + W₂·act(W₁·h + b₁) + b₂).</summary>
    public static Edge PostNorm(GraphBuilder g, Edge h, FeedForwardNames names, EncoderConfig config)
    {
        var wide = DenseLayer.Linear(g, h, names.Up, config.Activation);                             // [B, L, F]
        return NormLayer.Residual(g, h, DenseLayer.Linear(g, wide, names.Down), names.Norm, config.LayerNormEpsilon);
    }
}
