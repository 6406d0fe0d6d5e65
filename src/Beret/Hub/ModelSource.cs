namespace Beret.Hub;

/// <summary>
/// Where a model's definition comes from. It decides two things that the weights do not tell: the form of GELU and the flavour of the text preprocessing.
/// </summary>
public enum ModelSource
{
    /// <summary>A Hugging Face folder or repository: <c>hidden_act</c> by Hugging Face's definition (<c>gelu</c> is the exact form), Hugging Face's tokenization.</summary>
    HuggingFace,

    /// <summary>
    /// A TensorFlow checkpoint or SavedModel, or a name of TensorFlow Hub whichever mirror the weights come from: the tanh form of GELU, TF.text's tokenization.
    /// </summary>
    TensorFlow,
}

/// <summary>A model that is on the disk.</summary>
/// <param name="Name">The name or path that was asked for.</param>
/// <param name="Folder">The full path of its folder.</param>
/// <param name="Source">Where its definition comes from.</param>
public sealed record ResolvedModel(string Name, string Folder, ModelSource Source);
