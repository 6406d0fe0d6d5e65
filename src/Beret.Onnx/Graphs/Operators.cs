using static Beret.Onnx.Graphs.Attributes;
using DataType = Onnx.TensorProto.Types.DataType;

namespace Beret.Onnx.Graphs;

/// <summary>ONNX's operators by their names, as far as encoders need them (opset 17 and later).</summary>
internal static class Operators
{
    public static Edge Add(this GraphBuilder g, Edge a, Edge b) => g.Node("Add", [a, b]);

    public static Edge Sub(this GraphBuilder g, Edge a, Edge b) => g.Node("Sub", [a, b]);

    public static Edge Mul(this GraphBuilder g, Edge a, Edge b) => g.Node("Mul", [a, b]);

    public static Edge Div(this GraphBuilder g, Edge a, Edge b) => g.Node("Div", [a, b]);

    public static Edge MatMul(this GraphBuilder g, Edge a, Edge b) => g.Node("MatMul", [a, b]);

    /// <summary>Over the last axis.</summary>
    public static Edge Softmax(this GraphBuilder g, Edge x) => g.Node("Softmax", [x], Integer("axis", -1));

    public static Edge Cast(this GraphBuilder g, Edge x, DataType type) => g.Node("Cast", [x], Integer("to", (long)type));

    public static Edge Transpose(this GraphBuilder g, Edge x, params long[] order) => g.Node("Transpose", [x], Integers("perm", order));

    /// <param name="shape">0 keeps a size, −1 takes what is left.</param>
    public static Edge Reshape(this GraphBuilder g, Edge x, params long[] shape) => g.Node("Reshape", [x, g.Integers(shape)]);

    /// <param name="shape">Sizes as the graph has them.</param>
    public static Edge Reshape(this GraphBuilder g, Edge x, Edge shape) => g.Node("Reshape", [x, shape]);

    public static Edge Unsqueeze(this GraphBuilder g, Edge x, long axis) => g.Node("Unsqueeze", [x, g.Integers(axis)]);

    /// <summary>Rows (or whatever stands along the axis) by their numbers.</summary>
    public static Edge Gather(this GraphBuilder g, Edge table, Edge numbers, long axis = 0) => g.Node("Gather", [table, numbers], Integer("axis", axis));

    /// <summary>[from, to) along one axis.</summary>
    public static Edge Slice(this GraphBuilder g, Edge x, Edge from, Edge to, long axis = 0) => g.Node("Slice", [x, from, to, g.Integers(axis)]);

    public static Edge Concat(this GraphBuilder g, long axis, params Edge[] parts) => g.Node("Concat", parts, Integer("axis", axis));

    public static Edge Where(this GraphBuilder g, Edge condition, Edge yes, Edge no) => g.Node("Where", [condition, yes, no]);

    public static Edge Shape(this GraphBuilder g, Edge x) => g.Node("Shape", [x]);

    /// <summary>Parts of these sizes, along the last axis.</summary>
    public static Edge[] Split(this GraphBuilder g, Edge x, params long[] sizes) => g.Node("Split", [x, g.Integers(sizes)], sizes.Length, "", Integer("axis", -1));

    /// <summary>The sum along an axis, which is gone afterwards.</summary>
    public static Edge Sum(this GraphBuilder g, Edge x, long axis) => g.Node("ReduceSum", [x, g.Integers(axis)], Integer("keepdims", 0));

    /// <summary>The largest along an axis, which is gone afterwards. From opset 18 on axes are an input.</summary>
    public static Edge Max(this GraphBuilder g, Edge x, long axis) => g.Opset < 18
        ? g.Node("ReduceMax", [x], Integers("axes", axis), Integer("keepdims", 0))
        : g.Node("ReduceMax", [x, g.Integers(axis)], Integer("keepdims", 0));
}
