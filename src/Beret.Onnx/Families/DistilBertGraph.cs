using Beret.Models;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;

namespace Beret.Onnx.Families;

/// <summary>DistilBERT: BERT's blocks under names of their own (<see cref="DistilBert"/>).</summary>
internal static class DistilBertGraph
{
    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, EncoderConfig config)
    {
        const string root = "distilbert.";
        var x = EmbeddingLayer.Of(g, inputs, root, config);                                          // [B, L, H]
        var mask = inputs.ScoreMask(g);
        for (var i = 0; i < config.Layers; i++)
        {
            var prefix = $"{root}transformer.layer.{i}";
            var attention = $"{prefix}.attention";
            var names = new AttentionNames($"{attention}.q_lin", $"{attention}.k_lin", $"{attention}.v_lin", $"{attention}.out_lin", $"{prefix}.sa_layer_norm");
            var h = AttentionLayer.PostNorm(g, x, names, config, mask);
            x = FeedForwardLayer.PostNorm(g, h, new FeedForwardNames($"{prefix}.ffn.lin1", $"{prefix}.ffn.lin2", $"{prefix}.output_layer_norm"), config);
        }

        return x;
    }
}
