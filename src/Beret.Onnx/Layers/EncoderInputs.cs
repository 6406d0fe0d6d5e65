using Beret.Models;
using Beret.Onnx.Graphs;
using DataType = Onnx.TensorProto.Types.DataType;

namespace Beret.Onnx.Layers;

/// <summary>What a batch is to an encoder: B texts filled up to the L tokens of the longest.</summary>
/// <param name="Ids">[B, L].</param>
/// <param name="Mask">[B, L], 1 for a token and 0 for padding.</param>
/// <param name="Types">[B, L], where the model tells segments apart.</param>
internal sealed record EncoderInputs(Edge Ids, Edge Mask, Edge? Types)
{
    /// <summary>What is added to the scores of keys that are padding: e^−10000 is 0 in every type of floats, so that they weigh nothing.</summary>
    public const double Masked = -10000;

    /// <summary>The graph's inputs under the names that all programs give them.</summary>
    public static EncoderInputs Declare(GraphBuilder g, EncoderConfig config)
    {
        Edge Input(string name) => g.Input(name, DataType.Int64, g.BatchSize, "length");
        return new EncoderInputs(Input("input_ids"), Input("attention_mask"), config.TypeVocabularySize > 1 ? Input("token_type_ids") : null);
    }

    /// <summary>What is added to scores: [B, 1, 1, L], 0 for a token.</summary>
    public Edge ScoreMask(GraphBuilder g)
    {
        using var _ = g.In("mask");
        var mask = g.Cast(g.Unsqueeze(g.Unsqueeze(Mask, 1), 2), g.Number);
        return g.Mul(g.Sub(g.Scalar(1), mask), g.Scalar(Masked));
    }

    /// <summary>[B, L, 1]: 1 for a token, 0 for padding.</summary>
    public Edge RowMask(GraphBuilder g) => g.Cast(g.Unsqueeze(Mask, 2), g.Number);

    /// <summary>The length of the batch, [1].</summary>
    public Edge Length(GraphBuilder g) => g.Slice(g.Shape(Ids), g.Integers(1), g.Integers(2));

    /// <summary>The distances i − j of queries i to keys j: [L, L].</summary>
    public Edge Distances(GraphBuilder g)
    {
        using var _ = g.In("distances");
        var length = g.Node("Squeeze", [Length(g)]);
        var positions = g.Node("Range", [g.Integer(0), length, g.Integer(1)]);
        return g.Sub(g.Unsqueeze(positions, 1), g.Unsqueeze(positions, 0));
    }
}
