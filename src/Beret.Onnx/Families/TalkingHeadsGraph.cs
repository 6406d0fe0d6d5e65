using Beret.Models;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;

namespace Beret.Onnx.Families;

/// <summary>BERT with talking-heads attention and gated feed-forward layers (<see cref="TalkingHeads"/>).</summary>
internal static class TalkingHeadsGraph
{
    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, EncoderConfig config)
    {
        const string root = "talking_heads.";
        var x = EmbeddingLayer.Of(g, inputs, root, config);                                          // [B, L, H]
        var mask = inputs.ScoreMask(g);
        for (var i = 0; i < config.Layers; i++)
        {
            var prefix = $"{root}encoder.layer.{i}";
            var h = AttentionLayer.PostNorm(
                g, x, AttentionNames.Bert($"{prefix}.attention"), config, mask,
                (q, k) => Mix(g, AttentionLayer.Scaled(g, q, k, config), $"{prefix}.attention.self.pre_softmax.weight"),
                p => Mix(g, p, $"{prefix}.attention.self.post_softmax.weight"));
            x = FeedForward(g, h, prefix, config);
        }

        return x;
    }

    /// <summary>[B, heads, L, L]: what is head b's afterwards is Σ_a x[a] · W[a, b].</summary>
    private static Edge Mix(GraphBuilder g, Edge x, string weight)
    {
        using var _ = g.In(weight);
        var mixing = g.Stored(g.Weights.Transposed(g.Weights[weight], g.Number));               // [b, a]
        return g.Reshape(g.MatMul(mixing, g.Reshape(x, 0, 0, -1)), g.Shape(x));
    }

    /// <summary>LayerNorm(h + Wₒ·(gelu(W₁·h + b₁) ∘ (V·h + c)) + bₒ).</summary>
    private static Edge FeedForward(GraphBuilder g, Edge h, string prefix, EncoderConfig config)
    {
        var wide = DenseLayer.Linear(g, h, $"{prefix}.intermediate.dense");                          // [B, L, F]
        var gate = DenseLayer.Linear(g, h, $"{prefix}.intermediate.gate");
        var gated = DenseLayer.Gated(g, wide, gate, config.Activation);
        return NormLayer.Residual(g, h, DenseLayer.Linear(g, gated, $"{prefix}.output.dense"), $"{prefix}.output.LayerNorm", config.LayerNormEpsilon);
    }
}
