using static Beret.Checkpoints.TensorFlow.NameRule;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>The variables of BERT, and of ELECTRA, which is BERT with another root and narrower embeddings.</summary>
internal static class BertNames
{
    private const string Layer = "encoder.layer.#.";

    /// <summary>BERT in the model garden (TF Hub, TF2 checkpoints; the Experts too) and in its original release.</summary>
    public static readonly NameTable Bert = new("bert", "bert.", [.. Garden(), .. Original("bert"), .. Classifier]);

    /// <summary>ELECTRA in the model garden and in its original release, where the generator's variables are another network's.</summary>
    public static readonly NameTable Electra = new(
        "electra",
        "electra.",
        [.. Garden(), .. Dense("embedding_projection", "embeddings_project"), .. Original("electra"), .. Dense("electra/embeddings_project", "embeddings_project"), .. Classifier]);

    private static NameRule[] Garden()
    {
        const string Block = "transformer/layer_#/";
        return
        [
            .. GardenEmbeddings(),
            .. Dense(Block + "self_attention/query", Layer + "attention.self.query"),
            .. Dense(Block + "self_attention/key", Layer + "attention.self.key"),
            .. Dense(Block + "self_attention/value", Layer + "attention.self.value"),
            .. AttentionOutput(Block + "self_attention/attention_output", Layer + "attention.output.dense"),
            .. Norm(Block + "self_attention_layer_norm", Layer + "attention.output.LayerNorm"),
            .. Dense(Block + "intermediate", Layer + "intermediate.dense"),
            .. Dense(Block + "output", Layer + "output.dense"),
            .. Norm(Block + "output_layer_norm", Layer + "output.LayerNorm"),
            .. Dense("pooler_transform", "pooler.dense"),
        ];
    }

    private static NameRule[] Original(string scope)
    {
        var block = $"{scope}/encoder/layer_#/";
        return
        [
            .. OriginalEmbeddings(scope),
            .. Dense(block + "attention/self/query", Layer + "attention.self.query"),
            .. Dense(block + "attention/self/key", Layer + "attention.self.key"),
            .. Dense(block + "attention/self/value", Layer + "attention.self.value"),
            .. Dense(block + "attention/output/dense", Layer + "attention.output.dense"),
            .. Norm(block + "attention/output/LayerNorm", Layer + "attention.output.LayerNorm"),
            .. Dense(block + "intermediate/dense", Layer + "intermediate.dense"),
            .. Dense(block + "output/dense", Layer + "output.dense"),
            .. Norm(block + "output/LayerNorm", Layer + "output.LayerNorm"),
            .. Dense($"{scope}/pooler/dense", "pooler.dense"),
        ];
    }
}
