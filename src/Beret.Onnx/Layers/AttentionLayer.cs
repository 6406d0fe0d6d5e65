using Beret.Models;
using Beret.Onnx.Graphs;

namespace Beret.Onnx.Layers;

/// <summary>What the projections of an attention and the norm after it are called.</summary>
internal sealed record AttentionNames(string Query, string Key, string Value, string Output, string Norm)
{
    /// <summary>BERT's.</summary>
    public static AttentionNames Bert(string prefix) =>
        new($"{prefix}.self.query", $"{prefix}.self.key", $"{prefix}.self.value", $"{prefix}.output.dense", $"{prefix}.output.LayerNorm");
}

/// <summary>Multi-head self-attention (Vaswani et al., 2017, §3.2).</summary>
internal static class AttentionLayer
{
    /// <summary>LayerNorm(x + Attention(x)·Wₒ + bₒ), [B, L, H] → [B, L, H].</summary>
    /// <param name="g">The graph.</param>
    /// <param name="x">[B, L, H].</param>
    /// <param name="names">Of the weights.</param>
    /// <param name="config">The sizes.</param>
    /// <param name="mask">As <see cref="EncoderInputs.ScoreMask"/> gives it.</param>
    /// <param name="scores">From queries [B, heads, L, D] and keys [B, heads, D, L] to scores [B, heads, L, L]; null for <see cref="Scaled"/>.</param>
    /// <param name="weights">What becomes of the probabilities before they meet the values; null for nothing.</param>
    public static Edge PostNorm(
        GraphBuilder g, Edge x, AttentionNames names, EncoderConfig config, Edge mask, Func<Edge, Edge, Edge>? scores = null, Func<Edge, Edge>? weights = null)
    {
        var q = Queries(g, DenseLayer.Linear(g, x, names.Query), config);
        var k = Keys(g, DenseLayer.Linear(g, x, names.Key), config);
        var v = Queries(g, DenseLayer.Linear(g, x, names.Value), config);
        var context = Context(g, scores?.Invoke(q, k) ?? Scaled(g, q, k, config), mask, v, config, weights);
        return NormLayer.Residual(g, x, DenseLayer.Linear(g, context, names.Output), names.Norm, config.LayerNormEpsilon);
    }

    /// <summary>[B, L, H] → [B, heads, L, D], for queries and values.</summary>
    public static Edge Queries(GraphBuilder g, Edge x, EncoderConfig config) => g.Transpose(Cut(g, x, config), 0, 2, 1, 3);

    /// <summary>[B, L, H] → [B, heads, D, L], for keys.</summary>
    public static Edge Keys(GraphBuilder g, Edge x, EncoderConfig config) => g.Transpose(Cut(g, x, config), 0, 2, 3, 1);

    /// <summary>q·k / √D: [B, heads, L, L].</summary>
    public static Edge Scaled(GraphBuilder g, Edge queries, Edge keys, EncoderConfig config) =>
        g.Div(g.MatMul(queries, keys), g.Scalar(Math.Sqrt(config.HiddenSize / config.Heads)));

    /// <summary>softmax(scores + mask), as it is or changed, times the values: [B, L, H].</summary>
    public static Edge Context(GraphBuilder g, Edge scores, Edge mask, Edge values, EncoderConfig config, Func<Edge, Edge>? weights = null)
    {
        var p = g.Softmax(g.Add(scores, mask));                                                 // [B, heads, L, L]
        var context = g.MatMul(weights?.Invoke(p) ?? p, values);                                // [B, heads, L, D]
        return g.Stated(g.Reshape(g.Transpose(context, 0, 2, 1, 3), 0, 0, config.HiddenSize), config.HiddenSize);
    }

    private static Edge Cut(GraphBuilder g, Edge x, EncoderConfig config) =>
        g.Stated(g.Reshape(x, 0, 0, config.Heads, config.HiddenSize / config.Heads), config.Heads, config.HiddenSize / config.Heads);
}
