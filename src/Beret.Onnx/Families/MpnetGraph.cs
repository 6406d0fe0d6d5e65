using Beret.Models;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;

namespace Beret.Onnx.Families;

/// <summary>MPNet: scores get a bias by the distance between query and key, the same in all blocks (<see cref="Mpnet"/>).</summary>
internal static class MpnetGraph
{
    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, MpnetConfig config)
    {
        const string root = "mpnet.";
        var x = EmbeddingLayer.Of(g, inputs, root, config);                                          // [B, L, H]
        var bias = Bias(g, inputs, config, $"{root}encoder.relative_attention_bias.weight");    // [1, heads, L, L]
        var mask = inputs.ScoreMask(g);
        for (var i = 0; i < config.Layers; i++)
        {
            var prefix = $"{root}encoder.layer.{i}";
            var attention = $"{prefix}.attention";
            var names = new AttentionNames($"{attention}.attn.q", $"{attention}.attn.k", $"{attention}.attn.v", $"{attention}.attn.o", $"{attention}.LayerNorm");
            var h = AttentionLayer.PostNorm(g, x, names, config, mask, (q, k) => g.Add(AttentionLayer.Scaled(g, q, k, config), bias));
            x = FeedForwardLayer.PostNorm(g, h, FeedForwardNames.Bert(prefix), config);
        }

        return x;
    }

    private static Edge Bias(GraphBuilder g, EncoderInputs inputs, EncoderConfig config, string table)
    {
        using var _ = g.In("relative_attention_bias");
        var buckets = RelativeRows.Of(g, inputs, config, Mpnet.Bucket);                         // [L, L]
        return g.Unsqueeze(g.Transpose(g.Gather(g.Weight(table), buckets), 2, 0, 1), 0);
    }
}
