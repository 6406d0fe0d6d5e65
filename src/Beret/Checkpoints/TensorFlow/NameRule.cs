namespace Beret.Checkpoints.TensorFlow;

/// <summary>A line of a table of names: what a variable of TensorFlow is called in a Hugging Face checkpoint.</summary>
/// <param name="TensorFlow">
/// The end of the variable's full name. <c>#</c> stands for a number: <c>layer_#</c>; <c>transformer_scaffold_#</c> also matches without one.
/// </param>
/// <param name="HuggingFace">The parameter's name below the root of its encoder, <c>#</c> for the numbers in their order; one that begins with ! is not below the root.</param>
/// <param name="Layout">How the values are to be rearranged.</param>
internal sealed record NameRule(string TensorFlow, string HuggingFace, TensorLayout Layout)
{
    /// <summary>The classifier of the tutorial, Keras's <c>Dense(name='classifier')</c>.</summary>
    public static readonly NameRule[] Classifier = Dense("classifier", "!classifier");

    /// <summary>An embedding table, or any other tensor that is the same in both.</summary>
    public static NameRule Table(string theirs, string ours) => new(theirs, ours, TensorLayout.Same);

    /// <summary>A dense layer: kernel [in, out] and bias.</summary>
    public static NameRule[] Dense(string theirs, string ours) =>
        [new($"{theirs}/kernel", $"{ours}.weight", TensorLayout.InputFirst), new($"{theirs}/bias", $"{ours}.bias", TensorLayout.Vector)];

    /// <summary>The dense layer after the attention, whose input may be stored by head: kernel [N, D, out].</summary>
    public static NameRule[] AttentionOutput(string theirs, string ours) =>
        [new($"{theirs}/kernel", $"{ours}.weight", TensorLayout.OutputLast), new($"{theirs}/bias", $"{ours}.bias", TensorLayout.Vector)];

    /// <summary>A layer normalisation: γ and β.</summary>
    public static NameRule[] Norm(string theirs, string ours) =>
        [new($"{theirs}/gamma", $"{ours}.weight", TensorLayout.Same), new($"{theirs}/beta", $"{ours}.bias", TensorLayout.Same)];

    /// <summary>The embeddings of every encoder of the model garden.</summary>
    public static NameRule[] GardenEmbeddings() =>
    [
        Table("word_embeddings/embeddings", "embeddings.word_embeddings.weight"),
        Table("position_embedding/embeddings", "embeddings.position_embeddings.weight"),
        Table("type_embeddings/embeddings", "embeddings.token_type_embeddings.weight"),
        .. Norm("embeddings/layer_norm", "embeddings.LayerNorm"),
    ];

    /// <summary>The embeddings of an original release (TF1).</summary>
    public static NameRule[] OriginalEmbeddings(string scope) =>
    [
        Table($"{scope}/embeddings/word_embeddings", "embeddings.word_embeddings.weight"),
        Table($"{scope}/embeddings/position_embeddings", "embeddings.position_embeddings.weight"),
        Table($"{scope}/embeddings/token_type_embeddings", "embeddings.token_type_embeddings.weight"),
        .. Norm($"{scope}/embeddings/LayerNorm", "embeddings.LayerNorm"),
    ];
}
