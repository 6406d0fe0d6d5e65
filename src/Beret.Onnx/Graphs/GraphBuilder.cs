using global::Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace Beret.Onnx.Graphs;

/// <summary>A graph as it is written down: nodes in the order of their computation, and the weights and constants that they read.</summary>
internal sealed class GraphBuilder
{
    private readonly Dictionary<string, int> timesUsed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredTensor> tensors = new(StringComparer.Ordinal);
    private readonly List<StoredTensor> order = [];
    private string scope = "";

    /// <param name="weights">The model's parameters.</param>
    /// <param name="precision">What its matrices are kept in.</param>
    /// <param name="opset">The version of ONNX's operators.</param>
    public GraphBuilder(ModelWeights weights, OnnxPrecision precision, int opset)
    {
        (Weights, Precision, Opset) = (weights, precision, opset);
        Number = precision == OnnxPrecision.Float16 ? DataType.Float16 : DataType.Float;
    }

    public ModelWeights Weights { get; }

    public OnnxPrecision Precision { get; }

    public int Opset { get; }

    /// <summary>The type of activations.</summary>
    public DataType Number { get; }

    /// <summary>The number of texts: a name, as it differs from call to call, or 1.</summary>
    public string BatchSize { get; init; } = "batch";

    /// <summary>Inputs, outputs and nodes; the weights are <see cref="Tensors"/>.</summary>
    public GraphProto Graph { get; } = new() { Name = "beret" };

    public IReadOnlyList<StoredTensor> Tensors => order;

    /// <summary>Names what is added until it is disposed after a part of the model: bert.encoder.layer.0.output.dense/MatMul.</summary>
    public IDisposable In(string part)
    {
        var outer = scope;
        scope = $"{scope}{part}/";
        return new Leave(() => scope = outer);
    }

    /// <param name="name">As callers give it.</param>
    /// <param name="type">Of its elements.</param>
    /// <param name="dimensions">Names of sizes that differ from call to call, and numbers of those that do not.</param>
    public Edge Input(string name, DataType type, params string[] dimensions)
    {
        Graph.Input.Add(Info(name, type, dimensions));
        return new Edge(name);
    }

    public void Output(string name, Edge value, DataType type, params string[] dimensions)
    {
        Graph.Node.Add(new NodeProto { OpType = "Identity", Name = name, Input = { value.Name }, Output = { name } });
        Graph.Output.Add(Info(name, type, dimensions));
    }

    /// <summary>Adds a node with one output.</summary>
    public Edge Node(string operation, ReadOnlySpan<Edge> inputs, params AttributeProto[] attributes) => Node(operation, inputs, 1, "", attributes)[0];

    /// <summary>Adds a node.</summary>
    /// <param name="operation">The operator's name.</param>
    /// <param name="inputs">Trailing ones that are none are left out.</param>
    /// <param name="outputs">How many it gives.</param>
    /// <param name="domain">Whose operator it is; empty for ONNX's own.</param>
    /// <param name="attributes">Its settings.</param>
    public Edge[] Node(string operation, ReadOnlySpan<Edge> inputs, int outputs, string domain, params AttributeProto[] attributes)
    {
        var name = Unique($"{scope}{operation}");
        var node = new NodeProto { OpType = operation, Name = name, Attribute = { attributes } };
        if (domain.Length > 0)
        {
            node.Domain = domain;
        }

        while (inputs is [.., var last] && last == Edge.None)
        {
            inputs = inputs[..^1];
        }

        foreach (var input in inputs)
        {
            node.Input.Add(input.Name);
        }

        var edges = new Edge[outputs];
        for (var i = 0; i < outputs; i++)
        {
            edges[i] = new Edge(outputs == 1 ? $"{name}_output" : $"{name}_output_{i}");
            node.Output.Add(edges[i].Name);
        }

        Graph.Node.Add(node);
        return edges;
    }

    /// <summary>
    /// States the shape of activations in 16 bits, where it cannot be told from the operators: ONNX Runtime joins operators whose shapes it knows, and its last pass over such a graph
    /// wants to know them. In fp32 and int8 they are left out: on a processor its joint operator of skip and normalisation is slower than the two.
    /// </summary>
    /// <param name="value">[batch, length, …].</param>
    /// <param name="sizes">Behind the first two.</param>
    public Edge Stated(Edge value, params ReadOnlySpan<int> sizes)
    {
        if (Number == DataType.Float16)
        {
            string[] dimensions = [BatchSize, "length", .. sizes.ToArray().Select(size => FormattableString.Invariant($"{size}"))];
            Graph.ValueInfo.Add(Info(value.Name, Number, dimensions));
        }

        return value;
    }

    /// <summary>A weight, stored once however often it is read.</summary>
    public Edge Stored(StoredTensor tensor)
    {
        if (tensors.TryAdd(tensor.Name, tensor))
        {
            order.Add(tensor);
        }

        return new Edge(tensor.Name);
    }

    /// <summary>A parameter as the checkpoint has it, in the type of activations.</summary>
    public Edge Weight(string name) => Stored(Weights.Plain(Weights[name], Number));

    /// <summary>The same where there may be none.</summary>
    public Edge OptionalWeight(string name) => Weights.Find(name) is null ? Edge.None : Weight(name);

    /// <summary>A single number in the type of activations.</summary>
    public Edge Scalar(double value) => Stored(StoredTensor.Of(FormattableString.Invariant($"constant {value:R}"), Number, [], [(float)value]));

    /// <summary>A list of whole numbers: axes, shapes, places.</summary>
    public Edge Integers(params long[] values) => Stored(StoredTensor.Of($"constant [{string.Join(", ", values)}]", [values.Length], values));

    /// <summary>A single whole number.</summary>
    public Edge Integer(long value) => Stored(StoredTensor.Of(FormattableString.Invariant($"constant int {value}"), [], [value]));

    /// <summary>A table of numbers that no parameter is.</summary>
    public Edge Table(string name, IReadOnlyList<long> dimensions, float[] values) => Stored(StoredTensor.Of(name, Number, dimensions, values));

    private string Unique(string name)
    {
        var times = timesUsed.GetValueOrDefault(name);
        timesUsed[name] = times + 1;
        return times == 0 ? name : $"{name}_{times}";
    }

    private static ValueInfoProto Info(string name, DataType type, string[] dimensions)
    {
        var shape = new TensorShapeProto();
        foreach (var dimension in dimensions)
        {
            shape.Dim.Add(long.TryParse(dimension, out var size)
                ? new TensorShapeProto.Types.Dimension { DimValue = size }
                : new TensorShapeProto.Types.Dimension { DimParam = dimension });
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }

    private sealed class Leave(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }
}
