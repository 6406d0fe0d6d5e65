using Beret.Numerics;
using Beret.Onnx.Graphs;
using DataType = Onnx.TensorProto.Types.DataType;

namespace Beret.Onnx.Layers;

/// <summary>Linear layers and what follows them.</summary>
internal static class DenseLayer
{
    /// <summary>x · Wᵀ + b with NAME.weight [outputs, inputs] and, where there is one, NAME.bias.</summary>
    public static Edge Linear(GraphBuilder g, Edge x, string name)
    {
        using var _ = g.In(name);
        var weight = g.Weights[$"{name}.weight"];
        var product = g.Precision == OnnxPrecision.Int8 && weight.MayBeQuantized ? Quantized(g, x, weight) : g.MatMul(x, g.Stored(g.Weights.Transposed(weight, g.Number)));
        return g.Weights.Find($"{name}.bias") is null ? product : g.Add(product, g.Weight($"{name}.bias"));
    }

    /// <summary>activation(x · Wᵀ + b).</summary>
    public static Edge Linear(GraphBuilder g, Edge x, string name, Activation activation)
    {
        var linear = Linear(g, x, name);
        using var _ = g.In($"{name}.activation");
        return Activate(g, linear, activation);
    }

    /// <summary>An activation as <see cref="Activation"/> defines it. Operators of their own for GELU came with opset 20; before that it is spelled out as PyTorch's exporter does, which ONNX Runtime knows again.</summary>
    public static Edge Activate(GraphBuilder g, Edge x, Activation activation)
    {
        switch (activation)
        {
            case Activation.None:
                return x;
            case Activation.Tanh:
                return g.Node("Tanh", [x]);
            case Activation.Relu:
                return g.Node("Relu", [x]);
            case Activation.Gelu when g.Opset >= 20:
                return g.Node("Gelu", [x], Attributes.Utf8("approximate", "none"));
            case Activation.GeluTanh when g.Opset >= 20:
                return g.Node("Gelu", [x], Attributes.Utf8("approximate", "tanh"));
            case Activation.Gelu:
                // ½ · x (1 + erf(x / √2))
                var erf = g.Node("Erf", [g.Div(x, g.Scalar(Math.Sqrt(2)))]);
                return g.Mul(g.Mul(x, g.Add(erf, g.Scalar(1))), g.Scalar(0.5));
            case Activation.GeluTanh:
                // ½x (1 + tanh(√(2/π) (x + 0.044715 x³)))
                var cubic = g.Add(x, g.Mul(g.Node("Pow", [x, g.Scalar(3)]), g.Scalar(0.044715)));
                var tanh = g.Node("Tanh", [g.Mul(cubic, g.Scalar(Math.Sqrt(2 / Math.PI)))]);
                return g.Mul(g.Mul(x, g.Scalar(0.5)), g.Add(tanh, g.Scalar(1)));
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, null);
        }
    }

    /// <summary>activation(a) ∘ b with a and b the halves of the last axis (Shazeer, "GLU Variants Improve Transformer", 2020).</summary>
    public static Edge Gated(GraphBuilder g, Edge a, Edge b, Activation activation) => g.Mul(Activate(g, a, activation), b);

    /// <summary>
    /// Activations become bytes with one scale and zero point as they come, weights are bytes with a scale for each output, sums are exact integers: the pattern that ONNX Runtime
    /// makes one operator of.
    /// </summary>
    private static Edge Quantized(GraphBuilder g, Edge x, Parameter weight)
    {
        var (bytes, scale, zero) = QuantizedInput(g, x);
        var sums = g.Node("MatMulInteger", [bytes, g.Stored(g.Weights.QuantizedTransposed(weight)), zero]);
        return g.Mul(g.Cast(sums, DataType.Float), g.Mul(scale, g.Stored(g.Weights.Scales(weight))));
    }

    /// <summary>Once for all layers that read the same.</summary>
    private static (Edge Bytes, Edge Scale, Edge Zero) QuantizedInput(GraphBuilder g, Edge x)
    {
        var known = g.Graph.Node.FirstOrDefault(node => node.OpType == "DynamicQuantizeLinear" && node.Input[0] == x.Name);
        if (known is not null)
        {
            return (new Edge(known.Output[0]), new Edge(known.Output[1]), new Edge(known.Output[2]));
        }

        var made = g.Node("DynamicQuantizeLinear", [x], 3, "");
        return (made[0], made[1], made[2]);
    }
}
