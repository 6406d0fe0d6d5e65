using Beret.Models;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;
using static Beret.Onnx.Graphs.Attributes;

namespace Beret.Onnx.Families;

/// <summary>DeBERTa v2 and v3: disentangled attention, and in the large models of v2 a convolution beside the first block (<see cref="DebertaV2"/>).</summary>
internal sealed class DebertaV2Graph
{
    private const string Root = "deberta.";

    private readonly GraphBuilder g;
    private readonly DebertaV2Config config;
    private readonly EncoderInputs inputs;

    private DebertaV2Graph(GraphBuilder g, EncoderInputs inputs, DebertaV2Config config) => (this.g, this.inputs, this.config) = (g, inputs, config);

    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, DebertaV2Config config) => new DebertaV2Graph(g, inputs, config).Contextualize();

    private Edge Contextualize()
    {
        var x = Embed();                                                                        // [B, L, H]
        var mask = inputs.ScoreMask(g);
        var positions = config.HasRelativeAttention && (config.ContentToPosition || config.PositionToContent) ? Positions() : null;
        for (var i = 0; i < config.Layers; i++)
        {
            var prefix = $"{Root}encoder.layer.{i}";
            var self = $"{prefix}.attention.self";
            var names = new AttentionNames($"{self}.query_proj", $"{self}.key_proj", $"{self}.value_proj", $"{prefix}.attention.output.dense", $"{prefix}.attention.output.LayerNorm");
            var h = AttentionLayer.PostNorm(g, x, names, config, mask, (q, k) => Scores(q, k, names, self, positions));
            var output = FeedForwardLayer.PostNorm(g, h, FeedForwardNames.Bert(prefix), config);
            x = i == 0 && config.ConvolutionKernel > 0 ? Convolve(x, output) : output;
        }

        return x;
    }

    private Edge Embed()
    {
        var x = EmbeddingLayer.Sum(g, inputs, $"{Root}embeddings", config);                          // [B, L, E]
        x = config.EmbeddingSize == config.HiddenSize ? x : DenseLayer.Linear(g, x, $"{Root}embeddings.embed_proj");
        return NormLayer.LayerNorm(g, x, $"{Root}embeddings.LayerNorm", config.LayerNormEpsilon);
    }

    /// <summary>The embedded distances, which no text changes, and which of them belongs to each query and key.</summary>
    private RelativePositions Positions()
    {
        using var _ = g.In("relative_positions");
        var p = g.Weight($"{Root}encoder.rel_embeddings.weight");                               // [R, H]
        p = config.NormalizesDistances ? NormLayer.LayerNorm(g, p, $"{Root}encoder.LayerNorm", config.LayerNormEpsilon) : p;
        var rows = RelativeRows.Of(g, inputs, config, config.RowOf);                            // [L, L]
        var batch = g.Slice(g.Shape(inputs.Ids), g.Integers(0), g.Integers(1));
        var length = inputs.Length(g);
        return new RelativePositions(p, g.Node("Expand", [rows, g.Concat(0, batch, g.Integers(config.Heads), length, length)]));
    }

    /// <summary>(q·k + q·(P Wₖ)[r] + k·(P W_q)[r]) / √(D · terms), equation 4.</summary>
    private Edge Scores(Edge q, Edge k, AttentionNames names, string prefix, RelativePositions? positions)
    {
        var sum = g.MatMul(q, k);                                                               // [B, heads, L, L]
        if (positions is not null && config.ContentToPosition)
        {
            var keys = Heads(DenseLayer.Linear(g, positions.Embedded, config.SharesProjections ? names.Key : $"{prefix}.pos_key_proj"), 1, 2, 0);
            var byRow = g.MatMul(q, keys);                                                      // [B, heads, L, R]
            sum = g.Add(sum, g.Node("GatherElements", [byRow, positions.Rows], Integer("axis", 3)));
        }

        if (positions is not null && config.PositionToContent)
        {
            var queries = Heads(DenseLayer.Linear(g, positions.Embedded, config.SharesProjections ? names.Query : $"{prefix}.pos_query_proj"), 1, 0, 2);
            var byRow = g.MatMul(queries, k);                                                   // [B, heads, R, L]
            sum = g.Add(sum, g.Node("GatherElements", [byRow, positions.Rows], Integer("axis", 2)));
        }

        return g.Mul(sum, g.Scalar(config.ScoreScale));
    }

    /// <summary>[R, H] → [R, heads, D], its axes in another order.</summary>
    private Edge Heads(Edge x, params long[] order) => g.Transpose(g.Reshape(x, -1, config.Heads, config.HiddenSize / config.Heads), order);

    /// <summary>LayerNorm(y + act(conv(x))), where what is padding counts as nothing.</summary>
    private Edge Convolve(Edge x, Edge y)
    {
        const string name = $"{Root}encoder.conv";
        using var _ = g.In(name);
        var channels = g.Transpose(g.Mul(x, inputs.RowMask(g)), 0, 2, 1);                       // [B, H, L]
        var reach = config.ConvolutionKernel / 2;
        var z = g.Node("Conv", [channels, g.Weight($"{name}.conv.weight"), g.Weight($"{name}.conv.bias")], Integers("pads", reach, reach));
        return NormLayer.Residual(g, y, DenseLayer.Activate(g, g.Transpose(z, 0, 2, 1), config.ConvolutionActivation), $"{name}.LayerNorm", config.LayerNormEpsilon);
    }

    /// <param name="Embedded">[R, H].</param>
    /// <param name="Rows">[B, heads, L, L].</param>
    private sealed record RelativePositions(Edge Embedded, Edge Rows);
}
