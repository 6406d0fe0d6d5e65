using Beret.Models;
using Beret.Onnx.Graphs;

namespace Beret.Onnx.Layers;

/// <summary>Pooled vectors → logits, as <see cref="ClassificationHead"/> has it.</summary>
internal static class HeadLayer
{
    /// <summary>[B, H] → [B, K].</summary>
    public static Edge Logits(GraphBuilder g, Edge pooled, EncoderConfig config)
    {
        var layout = config.Family.Head(config);
        if (layout.Transform is { } transform)
        {
            pooled = DenseLayer.Linear(g, pooled, transform, layout.Activation);
            pooled = layout.Norm is { } norm ? NormLayer.LayerNorm(g, pooled, norm, config.LayerNormEpsilon) : pooled;
        }

        return DenseLayer.Linear(g, pooled, layout.Output);
    }
}
