using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>What becomes of texts that are longer than what a model reads at once.</summary>
internal static class LongTexts
{
    /// <summary>In words: "truncation head", or "windows that overlap by 32, mean of their logits".</summary>
    public static string Say(EncodeOptions options, WindowPooling pooling) => options.Truncation == Truncation.Windows
        ? $"windows that overlap by {options.Overlap}, {pooling.Format()} of their logits"
        : $"truncation {options.Truncation.Format()}";

    /// <summary>A model's description with what its user wants to differ.</summary>
    /// <exception cref="InferenceException">Something is said of windows, and there are none, or they do not fit.</exception>
    public static ModelDescription Reading(ModelDescription own, ClassifierOptions options)
    {
        var length = options.MaxLength ?? own.MaxLength;
        var changed = own with { MaxLength = length, Truncation = options.Truncation ?? own.Truncation };
        if (changed.Truncation != Truncation.Windows)
        {
            return options is { WindowOverlap: null, WindowPooling: null }
                ? changed with { WindowOverlap = null, WindowPooling = WindowPooling.Mean }
                : throw new InferenceException(
                    $"an overlap and a pooling of windows say nothing of truncation {changed.Truncation.Format()}: ask for truncation windows as well, or leave them out");
        }

        // An overlap belongs to a length.
        var overlap = options.WindowOverlap ?? (length == own.MaxLength ? own.WindowOverlap : null) ?? EncodeOptions.UsualOverlap(length);
        return overlap >= 0 && overlap <= EncodeOptions.LargestOverlap(length)
            ? changed with { WindowOverlap = overlap, WindowPooling = options.WindowPooling ?? own.WindowPooling }
            : throw new InferenceException($"windows of {length} tokens overlap by 0 to {EncodeOptions.LargestOverlap(length)} tokens, half of a window, not by {overlap}");
    }
}
