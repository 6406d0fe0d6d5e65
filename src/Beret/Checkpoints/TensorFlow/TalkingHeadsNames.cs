using static Beret.Checkpoints.TensorFlow.NameRule;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>
/// The variables of a talking-heads encoder with a gated feed-forward layer, which the model garden builds of scaffolds. There is no such model at Hugging Face: the
/// names are BERT's, and three more of their kind.
/// </summary>
/// <remarks>
/// The head mixing matrices stay as TensorFlow has them, [heads in, heads out]: the scores after are S'[b] = Σₐ S[a]·W[a, b] (Shazeer et al., "Talking-Heads
/// Attention", 2020). They are no dense layers, and are not transposed.
/// </remarks>
internal static class TalkingHeadsNames
{
    private const string Theirs = "transformer_scaffold_#/";
    private const string Layer = "encoder.layer.#.";

    public static readonly NameTable TalkingHeads = new(
        "talking-heads",
        "talking_heads.",
        [
            .. GardenEmbeddings(),
            .. Dense("embedding_projection", "embeddings_project"),
            .. Dense(Theirs + "self_attention/query", Layer + "attention.self.query"),
            .. Dense(Theirs + "self_attention/key", Layer + "attention.self.key"),
            .. Dense(Theirs + "self_attention/value", Layer + "attention.self.value"),
            Table(Theirs + "self_attention/pre_softmax_weight", Layer + "attention.self.pre_softmax.weight"),
            Table(Theirs + "self_attention/post_softmax_weight", Layer + "attention.self.post_softmax.weight"),
            .. AttentionOutput(Theirs + "self_attention/attention_output", Layer + "attention.output.dense"),
            .. Norm(Theirs + "self_attention_layer_norm", Layer + "attention.output.LayerNorm"),
            .. Dense(Theirs + "feedforward/intermediate_0", Layer + "intermediate.dense"),
            .. Dense(Theirs + "feedforward/gate_0", Layer + "intermediate.gate"),
            .. Dense(Theirs + "feedforward/output_0", Layer + "output.dense"),
            .. Norm(Theirs + "feedforward/output_layer_norm_0", Layer + "output.LayerNorm"),
            .. Dense("cls_transform", "pooler.dense"),
            .. Classifier,
        ]);
}
