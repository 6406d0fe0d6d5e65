using Beret.Models;
using Beret.Numerics;
using Beret.Onnx.Graphs;

namespace Beret.Onnx.Layers;

/// <summary>A sequence as a whole: [B, L, H] → [B, H].</summary>
internal static class PoolingLayer
{
    // Below every activation; in 16 bits the smallest number that there is.
    private const double Lowest = -65504;

    /// <param name="g">The graph.</param>
    /// <param name="x">The last block's output.</param>
    /// <param name="inputs">Tells tokens from padding.</param>
    /// <param name="config">Says what stands for a sequence.</param>
    /// <param name="pooler">The name of the pooler's dense layer; null where the family's own way is the first token.</param>
    public static Edge Of(GraphBuilder g, Edge x, EncoderInputs inputs, EncoderConfig config, string? pooler)
    {
        using var _ = g.In("pooling");
        return config.Pooling switch
        {
            Pooling.Mean => Mean(g, x, inputs),
            Pooling.Max => g.Max(g.Where(g.Cast(inputs.RowMask(g), global::Onnx.TensorProto.Types.DataType.Bool), x, g.Scalar(Lowest)), 1),
            Pooling.Pooler when pooler is not null => DenseLayer.Linear(g, First(g, x), pooler, Activation.Tanh),
            _ => First(g, x),
        };
    }

    private static Edge First(GraphBuilder g, Edge x) => g.Gather(x, g.Integer(0), axis: 1);

    private static Edge Mean(GraphBuilder g, Edge x, EncoderInputs inputs)
    {
        var mask = inputs.RowMask(g);                                                           // [B, L, 1]
        return g.Div(g.Sum(g.Mul(x, mask), 1), g.Sum(mask, 1));
    }
}
