using Beret.Models;
using Beret.Onnx.Graphs;

namespace Beret.Onnx.Layers;

/// <summary>The encoder of BERT and of the families that kept its shape and its names.</summary>
internal static class PostNorm
{
    /// <summary>Embeddings and blocks: [B, L] → [B, L, H].</summary>
    public static Edge UnderBertNames(GraphBuilder g, EncoderInputs inputs, string root, EncoderConfig config)
    {
        var x = EmbeddingLayer.Of(g, inputs, root, config);                                          // [B, L, H]
        var mask = inputs.ScoreMask(g);
        for (var i = 0; i < config.Layers; i++)
        {
            var prefix = $"{root}encoder.layer.{i}";
            var h = AttentionLayer.PostNorm(g, x, AttentionNames.Bert($"{prefix}.attention"), config, mask);
            x = FeedForwardLayer.PostNorm(g, h, FeedForwardNames.Bert(prefix), config);
        }

        return x;
    }
}
