using static Beret.Checkpoints.TensorFlow.NameRule;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>The variables of ALBERT: in the model garden its one shared block is <c>transformer</c>, in its original release one of a group.</summary>
internal static class AlbertNames
{
    private const string Projection = "encoder.embedding_hidden_mapping_in";

    public static readonly NameTable Albert = new("albert", "albert.", [.. Garden(), .. Original(), .. Classifier]);

    private static NameRule[] Garden()
    {
        const string Block = "encoder.albert_layer_groups.0.albert_layers.0.";
        return
        [
            .. GardenEmbeddings(),
            .. Dense("embedding_projection", Projection),
            .. Dense("transformer/self_attention/query", Block + "attention.query"),
            .. Dense("transformer/self_attention/key", Block + "attention.key"),
            .. Dense("transformer/self_attention/value", Block + "attention.value"),
            .. AttentionOutput("transformer/self_attention/attention_output", Block + "attention.dense"),
            .. Norm("transformer/self_attention_layer_norm", Block + "attention.LayerNorm"),
            .. Dense("transformer/intermediate", Block + "ffn"),
            .. Dense("transformer/output", Block + "ffn_output"),
            .. Norm("transformer/output_layer_norm", Block + "full_layer_layer_norm"),
            .. Dense("pooler_transform", "pooler"),
        ];
    }

    private static NameRule[] Original()
    {
        const string Theirs = "bert/encoder/transformer/group_#/inner_group_#/";
        const string Block = "encoder.albert_layer_groups.#.albert_layers.#.";
        return
        [
            .. OriginalEmbeddings("bert"),
            .. Dense("bert/encoder/embedding_hidden_mapping_in", Projection),
            .. Dense(Theirs + "attention_1/self/query", Block + "attention.query"),
            .. Dense(Theirs + "attention_1/self/key", Block + "attention.key"),
            .. Dense(Theirs + "attention_1/self/value", Block + "attention.value"),
            .. Dense(Theirs + "attention_1/output/dense", Block + "attention.dense"),
            .. Norm(Theirs + "LayerNorm", Block + "attention.LayerNorm"),
            .. Dense(Theirs + "ffn_1/intermediate/dense", Block + "ffn"),
            .. Dense(Theirs + "ffn_1/intermediate/output/dense", Block + "ffn_output"),
            .. Norm(Theirs + "LayerNorm_1", Block + "full_layer_layer_norm"),
            .. Dense("bert/pooler/dense", "pooler"),
        ];
    }
}
