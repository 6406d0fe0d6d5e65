using System.Globalization;

namespace Beret.Data;

/// <summary>Divides texts into those to train on and those to validate with.</summary>
public static class DatasetSplit
{
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
        if (!(validationFraction > 0 && validationFraction < 1))
        {
            throw new DataException(
                $"The validation fraction is {validationFraction.ToString(CultureInfo.InvariantCulture)}; it must lie between 0 and 1, " +
                "such as 0.2, and be neither of them.");
        }

        if (seed is < 0 or > uint.MaxValue)
        {
            throw new DataException($"The seed is {seed}; the tutorial's split takes a seed from 0 to {uint.MaxValue}.");
        }

        var count = texts.Examples.Count;
        var validation = (int)(validationFraction * count);
        if (validation == 0 || validation == count)
        {
            var none = validation == 0 ? "none would be left to validate with" : "none would be left to train on";
            throw new DataException(
                $"{texts.Origin}: {Shown.Count(count, "text")} cannot be split with a validation fraction of " +
                $"{validationFraction.ToString(CultureInfo.InvariantCulture)}: {none}. Use more texts or another fraction.");
        }

        var order = new NumpyRandom((uint)seed).Permutation(count).AsSpan();
        return (texts.Subset(order[..^validation]), texts.Subset(order[^validation..]));
    }
}
