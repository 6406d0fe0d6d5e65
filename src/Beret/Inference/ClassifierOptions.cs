using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>How a model is loaded for predicting.</summary>
public sealed record ClassifierOptions
{
    /// <summary>The number of threads that compute; null for one for each processor. The results do not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>The most tokens of an input; null for what the model was trained with.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Which tokens of a longer text are kept; null for what the model was trained with.</summary>
    public Truncation? Truncation { get; init; }

    /// <summary>
    /// With <see cref="Truncation.Windows"/>: how many tokens of the text a window has in common with the one before it; null for what the model was trained with, and where
    /// that was other windows a quarter of the maximum length.
    /// </summary>
    public int? WindowOverlap { get; init; }

    /// <summary>With <see cref="Truncation.Windows"/>: how the logits of a text are made of those of its windows; null for what the model was trained with, or the mean.</summary>
    public WindowPooling? WindowPooling { get; init; }

    /// <summary>The arithmetic of the matrix products; null for what the model folder says, which is fp32 unless it was trained or quantized otherwise.</summary>
    public Precision? Precision { get; init; }
}
