using Beret.Onnx.Graphs;
using static Beret.Onnx.Graphs.Attributes;

namespace Beret.Onnx.Layers;

/// <summary>Layer normalisation (Ba, Kiros and Hinton, 2016).</summary>
internal static class NormLayer
{
    /// <summary>Over the last axis, with NAME.weight (γ) and, where there is one, NAME.bias (β).</summary>
    public static Edge LayerNorm(GraphBuilder g, Edge x, string name, float epsilon)
    {
        using var _ = g.In(name);
        return g.Node("LayerNormalization", [x, g.Weight($"{name}.weight"), g.OptionalWeight($"{name}.bias")], Integer("axis", -1), Number("epsilon", epsilon));
    }

    /// <summary>LayerNorm(branch + x).</summary>
    public static Edge Residual(GraphBuilder g, Edge x, Edge branch, string name, float epsilon) => LayerNorm(g, g.Add(branch, x), name, epsilon);
}
