using Beret.Models;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;

namespace Beret.Onnx.Families;

/// <summary>ALBERT: layers that share their weights, which stand in the file once (<see cref="Albert"/>).</summary>
internal static class AlbertGraph
{
    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, AlbertConfig config)
    {
        const string root = "albert.";
        var x = EmbeddingLayer.Of(g, inputs, root, config, "encoder.embedding_hidden_mapping_in");   // [B, L, H]
        var mask = inputs.ScoreMask(g);
        for (var i = 0; i < config.Layers; i++)
        {
            var (group, inner) = Math.DivRem(config.BlockOfLayer(i), config.LayersOfGroup);
            var prefix = $"{root}encoder.albert_layer_groups.{group}.albert_layers.{inner}";
            var attention = $"{prefix}.attention";
            var names = new AttentionNames($"{attention}.query", $"{attention}.key", $"{attention}.value", $"{attention}.dense", $"{attention}.LayerNorm");
            var h = AttentionLayer.PostNorm(g, x, names, config, mask);
            x = FeedForwardLayer.PostNorm(g, h, new FeedForwardNames($"{prefix}.ffn", $"{prefix}.ffn_output", $"{prefix}.full_layer_layer_norm"), config);
        }

        return x;
    }
}
