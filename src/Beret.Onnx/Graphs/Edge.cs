namespace Beret.Onnx.Graphs;

/// <summary>A tensor on its way through the graph: an input, a weight or constant, or what a node gives.</summary>
/// <param name="Name">As the nodes of the file refer to it; empty for an optional input that is not there.</param>
internal readonly record struct Edge(string Name)
{
    public static Edge None { get; } = new("");
}
