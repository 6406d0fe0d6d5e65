using Beret.Models;
using Beret.Numerics;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;

namespace Beret.Onnx.Families;

/// <summary>ModernBERT: pre-norm blocks with rotary positions, attention within a window in most layers, and gated GELU (<see cref="ModernBert"/>).</summary>
internal sealed class ModernBertGraph
{
    private const string Root = "model.";

    private readonly GraphBuilder g;
    private readonly EncoderInputs inputs;
    private readonly ModernBertConfig config;
    private readonly Edge globalMask;
    private readonly Lazy<Edge> localMask;
    private readonly Lazy<Turn> globalTurn;
    private readonly Lazy<Turn> localTurn;

    private ModernBertGraph(GraphBuilder g, EncoderInputs inputs, ModernBertConfig config)
    {
        (this.g, this.inputs, this.config) = (g, inputs, config);
        globalMask = inputs.ScoreMask(g);
        localMask = new Lazy<Edge>(LocalMask);
        globalTurn = new Lazy<Turn>(() => Angles("global", config.GlobalTheta));
        localTurn = new Lazy<Turn>(() => Angles("local", config.LocalTheta));
    }

    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, ModernBertConfig config) => new ModernBertGraph(g, inputs, config).Contextualize();

    private Edge Contextualize()
    {
        var x = Norm(EmbeddingLayer.Words(g, inputs.Ids, $"{Root}embeddings.tok_embeddings.weight"), $"{Root}embeddings.norm"); // [B, L, H]
        for (var i = 0; i < config.Layers; i++)
        {
            // The first block reads the embeddings' own norm.
            var prefix = $"{Root}layers.{i}";
            var normal = i == 0 ? x : Norm(x, $"{prefix}.attn_norm");
            x = g.Add(x, SelfAttention(normal, $"{prefix}.attn", config.IsLocal[i]));
            x = g.Add(x, FeedForward(Norm(x, $"{prefix}.mlp_norm"), $"{prefix}.mlp"));
        }

        return Norm(x, $"{Root}final_norm");
    }

    private Edge SelfAttention(Edge normal, string prefix, bool isLocal)
    {
        var qkv = g.Split(DenseLayer.Linear(g, normal, $"{prefix}.Wqkv"), config.HiddenSize, config.HiddenSize, config.HiddenSize);
        var turn = (isLocal ? localTurn : globalTurn).Value;
        var q = Rotate(AttentionLayer.Queries(g, qkv[0], config), turn);                             // [B, heads, L, D]
        var k = g.Transpose(Rotate(AttentionLayer.Queries(g, qkv[1], config), turn), 0, 1, 3, 2);    // [B, heads, D, L]
        var v = AttentionLayer.Queries(g, qkv[2], config);
        var context = AttentionLayer.Context(g, AttentionLayer.Scaled(g, q, k, config), isLocal ? localMask.Value : globalMask, v, config);
        return DenseLayer.Linear(g, context, $"{prefix}.Wo");
    }

    private Edge FeedForward(Edge normal, string prefix)
    {
        var inputAndGate = g.Split(DenseLayer.Linear(g, normal, $"{prefix}.Wi"), config.IntermediateSize, config.IntermediateSize);
        return DenseLayer.Linear(g, DenseLayer.Gated(g, inputAndGate[0], inputAndGate[1], config.Activation), $"{prefix}.Wo");
    }

    private Edge Norm(Edge x, string name) => NormLayer.LayerNorm(g, x, name, config.LayerNormEpsilon);

    /// <summary>(x, y) → (x cos − y sin, y cos + x sin), x and y the halves of a head (Su et al., "RoFormer", 2021).</summary>
    private Edge Rotate(Edge heads, Turn turn)
    {
        var halves = g.Split(heads, config.HeadSize / 2, config.HeadSize / 2);
        var (x, y) = (halves[0], halves[1]);
        return g.Concat(-1, g.Sub(g.Mul(x, turn.Cosines), g.Mul(y, turn.Sines)), g.Add(g.Mul(y, turn.Cosines), g.Mul(x, turn.Sines)));
    }

    /// <summary>The cosines and sines of the batch's positions, [L, D/2] each, out of tables for all that the model has.</summary>
    private Turn Angles(string name, double theta)
    {
        using var _ = g.In($"rotary.{name}");
        var (cosines, sines) = RotaryTable.Values(config.MaxPositions, config.HeadSize, theta);
        return new Turn(Upto("cos", cosines), Upto("sin", sines));

        Edge Upto(string part, float[] values) =>
            g.Slice(g.Table($"rotary.{name}.{part}", [config.MaxPositions, config.HeadSize / 2], values), g.Integers(0), inputs.Length(g));
    }

    /// <summary>[B, 1, L, L]: neither padding nor what lies outside the window is seen.</summary>
    private Edge LocalMask()
    {
        using var _ = g.In("window");
        var isNear = g.Node("LessOrEqual", [g.Node("Abs", [inputs.Distances(g)]), g.Integer(config.LocalAttention / 2)]);
        return g.Add(globalMask, g.Where(isNear, g.Scalar(0), g.Scalar(EncoderInputs.Masked)));
    }

    private sealed record Turn(Edge Cosines, Edge Sines);
}
