using Beret.Models;
using Beret.Onnx.Graphs;

namespace Beret.Onnx.Layers;

/// <summary>Rows of tables that go by the distance between query and key.</summary>
internal static class RelativeRows
{
    /// <summary>[L, L]: the row of the distance of query i to key j, out of a list of the rows of all distances that the model has.</summary>
    /// <param name="g">The graph.</param>
    /// <param name="inputs">The batch.</param>
    /// <param name="config">Says how far tokens can lie from each other.</param>
    /// <param name="row">The row of a distance query − key.</param>
    public static Edge Of(GraphBuilder g, EncoderInputs inputs, EncoderConfig config, Func<int, int> row)
    {
        var farthest = config.MaxPositions - 1;
        var rows = g.Integers([.. Enumerable.Range(-farthest, 2 * farthest + 1).Select(distance => (long)row(distance))]);
        return g.Gather(rows, g.Add(inputs.Distances(g), g.Integer(farthest)));
    }
}
