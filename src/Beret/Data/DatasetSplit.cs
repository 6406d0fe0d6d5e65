using System.Globalization;

namespace Beret.Data;

/// <summary>Divides texts into those to train on and those to validate with.</summary>
public static class DatasetSplit
{
    /// <summary>Divides by a method. The same texts and seed give the same parts, each in the tutorial's order.</summary>
    /// <param name="texts">The texts of one split as loaded.</param>
    /// <param name="method">How to divide.</param>
    /// <param name="validationFraction">The share to validate with, between 0 and 1 and neither of them.</param>
    /// <param name="seed">From 0 to 2³²−1.</param>
    /// <exception cref="DataException">The fraction or the seed is out of range, texts have no groups, or one of the parts would be empty.</exception>
    public static (LabelledTexts Train, LabelledTexts Validation) Of(LabelledTexts texts, SplitMethod method, double validationFraction, long seed)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (method == SplitMethod.Tutorial)
        {
            return TutorialSplit(texts, validationFraction, seed);
        }

        Check(validationFraction, seed);
        var validation = method == SplitMethod.Stratified ? StratifiedSplit.Validation(texts, validationFraction, seed) : GroupedSplit.Validation(texts, validationFraction, seed);
        var isChosen = new bool[texts.Examples.Count];
        foreach (var text in validation)
        {
            isChosen[text] = true;
        }

        // In the tutorial's order: what stands in a file side by side is not learned from side by side.
        var order = new NumpyRandom((uint)seed).Permutation(isChosen.Length);
        return validation.Length > 0 && validation.Length < isChosen.Length
            ? (texts.Subset([.. order.Where(text => !isChosen[text])]), texts.Subset([.. order.Where(text => isChosen[text])]))
            : throw Empty(texts, validationFraction, validation.Length == 0);
    }

    /// <summary>
    /// The order and the split of Keras' <c>text_dataset_from_directory(validation_split, seed)</c>: the texts in the order of their files, shuffled
    /// by NumPy's <c>RandomState(seed)</c>; the last ⌊fraction · n⌋ are for validation. Keras shuffles each part once more with a generator of
    /// TensorFlow's; that is left to <see cref="EpochOrder"/>.
    /// </summary>
    /// <param name="texts">The texts of one split as loaded.</param>
    /// <param name="validationFraction">The share to validate with, between 0 and 1 and neither of them.</param>
    /// <param name="seed">From 0 to 2³²−1, as NumPy takes it.</param>
    /// <exception cref="DataException">The fraction or the seed is out of range, or one of the parts would be empty.</exception>
    public static (LabelledTexts Train, LabelledTexts Validation) TutorialSplit(LabelledTexts texts, double validationFraction, long seed)
    {
        ArgumentNullException.ThrowIfNull(texts);
        Check(validationFraction, seed);
        var count = texts.Examples.Count;
        var validation = (int)(validationFraction * count);
        if (validation == 0 || validation == count)
        {
            throw Empty(texts, validationFraction, validation == 0);
        }

        var order = new NumpyRandom((uint)seed).Permutation(count).AsSpan();
        return (texts.Subset(order[..^validation]), texts.Subset(order[^validation..]));
    }

    private static void Check(double validationFraction, long seed)
    {
        if (!(validationFraction > 0 && validationFraction < 1))
        {
            throw new DataException(
                $"The validation fraction is {validationFraction.ToString(CultureInfo.InvariantCulture)}; it must lie between 0 and 1, " +
                "such as 0.2, and be neither of them.");
        }

        if (seed is < 0 or > uint.MaxValue)
        {
            throw new DataException($"The seed is {seed}; a split takes a seed from 0 to {uint.MaxValue}.");
        }
    }

    private static DataException Empty(LabelledTexts texts, double validationFraction, bool isValidation) => new(
        $"{texts.Origin}: {Shown.Count(texts.Examples.Count, "text")} cannot be split with a validation fraction of " +
        $"{validationFraction.ToString(CultureInfo.InvariantCulture)}: none would be left to {(isValidation ? "validate with" : "train on")}. Use more texts or another fraction.");
}
