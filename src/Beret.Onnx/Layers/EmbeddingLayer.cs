using Beret.Models;
using Beret.Onnx.Graphs;
using DataType = Onnx.TensorProto.Types.DataType;

namespace Beret.Onnx.Layers;

/// <summary>Word, position and token-type embeddings, as <see cref="Models.Embeddings"/> has them.</summary>
internal static class EmbeddingLayer
{
    /// <summary>[B, L] → [B, L, H]: the sum of the tables' rows, normalised, and where the tables are narrower than the model a dense layer to its width.</summary>
    /// <param name="g">The graph.</param>
    /// <param name="inputs">The batch.</param>
    /// <param name="root">The encoder's own part of the names.</param>
    /// <param name="config">The sizes.</param>
    /// <param name="projection">The name of that layer.</param>
    public static Edge Of(GraphBuilder g, EncoderInputs inputs, string root, EncoderConfig config, string projection = "embeddings_project")
    {
        var x = NormLayer.LayerNorm(g, Sum(g, inputs, $"{root}embeddings", config), $"{root}embeddings.LayerNorm", config.LayerNormEpsilon);
        return g.Weights.Find($"{root}{projection}.weight") is null ? x : DenseLayer.Linear(g, x, $"{root}{projection}");
    }

    /// <summary>[B, L] → [B, L, E]: the rows of a token's word, of its position and of its segment, as far as there are such tables.</summary>
    public static Edge Sum(GraphBuilder g, EncoderInputs inputs, string prefix, EncoderConfig config)
    {
        using var _ = g.In(prefix);
        var x = Words(g, inputs.Ids, $"{prefix}.word_embeddings.weight");
        if (g.Weights.Find($"{prefix}.position_embeddings.weight") is { } position)
        {
            // Row by row from that of position 0 on: [L, E].
            var first = g.Integers(config.FirstPosition);
            var end = config.FirstPosition == 0 ? inputs.Length(g) : g.Add(inputs.Length(g), first);
            x = g.Add(x, g.Slice(g.Weight(position.Name), first, end));
        }

        if (config.TypeVocabularySize > 0)
        {
            var types = g.Weight($"{prefix}.token_type_embeddings.weight");
            x = g.Add(x, g.Gather(types, inputs.Types ?? g.Integers(0)));
        }

        return g.Stated(x, config.EmbeddingSize);
    }

    /// <summary>The rows of a table; of one of bytes each by its scale.</summary>
    public static Edge Words(GraphBuilder g, Edge ids, string name)
    {
        var table = g.Weights[name];
        if (g.Precision != OnnxPrecision.Int8 || !table.MayBeQuantized)
        {
            return g.Gather(g.Weight(name), ids);
        }

        var bytes = g.Cast(g.Gather(g.Stored(g.Weights.Quantized(table)), ids), DataType.Float);
        return g.Mul(bytes, g.Gather(g.Stored(g.Weights.Scales(table, asColumn: true)), ids));
    }
}
