using System.Globalization;
using System.Text;
using Beret.Data;

namespace Beret.Training;

/// <summary>How much the labels of a classification count in its loss, as a recipe says it: all alike, balanced by how often they occur, or as given by label.</summary>
public sealed record ClassWeights
{
    private const string NoneWord = "none";
    private const string BalancedWord = "balanced";
    private const double Largest = 1e6;

    private readonly string text;

    private ClassWeights(string text) => this.text = text;

    /// <summary>All labels count alike.</summary>
    public static ClassWeights None { get; } = new(NoneWord);

    /// <summary>
    /// Rare labels count more: of classes n / (K · nₖ), with n texts, K classes that occur, and nₖ texts of class k (scikit-learn's "balanced"); of a multi-label task
    /// (n − nₖ) / nₖ for the texts that have label k. A label that never occurs has 1.
    /// </summary>
    public static ClassWeights Balanced { get; } = new(BalancedWord);

    internal static IReadOnlyList<string> Words { get; } = [NoneWord, BalancedWord];

    /// <summary>Whether all labels count alike.</summary>
    public bool IsNone => text == NoneWord;

    /// <summary>
    /// Reads "none", "balanced", or weights by label, <c>spam=2,ham=1</c>: above 0, at most a million. A label with a comma, an equals sign or a quotation mark in it stands in quotation marks, of which one within it is
    /// doubled. What is not named has 1.
    /// </summary>
    /// <returns>Null where the text is none of these.</returns>
    public static ClassWeights? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text is NoneWord or BalancedWord || Pairs(text) is not null ? new(text) : null;
    }

    /// <summary>The weights of some labels' texts.</summary>
    /// <param name="texts">Labelled by classes or by sets of labels.</param>
    /// <exception cref="TrainingException">A label is named that is not there.</exception>
    internal double[] Of(LabelledTexts texts)
    {
        if (text == BalancedWord)
        {
            return Balance(texts);
        }

        var weights = new double[texts.Labels.Count];
        Array.Fill(weights, 1);
        foreach (var (label, weight) in IsNone ? [] : Pairs(text)!)
        {
            var number = Enumerable.Range(0, texts.Labels.Count).FirstOrDefault(i => texts.Labels[i] == label, -1);
            weights[number >= 0 ? number : throw Unknown(label, texts.Labels)] = weight;
        }

        return weights;
    }

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => text;

    private static double[] Balance(LabelledTexts texts)
    {
        double count = texts.Examples.Count;
        var occurring = texts.Counts.Count(some => some > 0);
        return
        [
            .. texts.Counts.Select(some => some == 0 ? 1
                : texts.Kind == LabelKind.Class ? count / (occurring * (double)some)
                : some == texts.Examples.Count ? 1 : (count - some) / some),
        ];
    }

    private static TrainingException Unknown(string label, IReadOnlyList<string> labels) => new(
        $"--class-weights names the label \"{label}\", and there is none such: the labels are {string.Join(", ", labels.Take(20))}{(labels.Count > 20 ? ", …" : "")}");

    /// <summary>Labels and weights, or null where the text is no list of them, or names a label twice.</summary>
    private static List<(string Label, double Weight)>? Pairs(string text)
    {
        var pairs = new List<(string Label, double Weight)>();
        var place = 0;
        do
        {
            var label = Label(text, ref place);
            if (label is null || place >= text.Length || text[place] != '=')
            {
                return null;
            }

            var end = text.IndexOf(',', ++place);
            var number = text[place..(end < 0 ? text.Length : end)];
            if (!double.TryParse(number, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var weight)
                || !(weight is > 0 and <= Largest)
                || pairs.Exists(pair => pair.Label == label))
            {
                return null;
            }

            pairs.Add((label, weight));
            place = end < 0 ? text.Length : end + 1;
            if (end == text.Length - 1)
            {
                return null;
            }
        }
        while (place < text.Length);
        return pairs;
    }

    /// <summary>The label at a place, quoted or up to the equals sign; null where there is none. The place moves behind it.</summary>
    private static string? Label(string text, ref int place)
    {
        if (place >= text.Length)
        {
            return null;
        }

        if (text[place] != '"')
        {
            var start = place;
            place = text.IndexOfAny(['=', ',', '"'], start);
            return place > start ? text[start..place] : null;
        }

        var label = new StringBuilder();
        for (place++; place < text.Length; place++)
        {
            if (text[place] == '"' && (++place == text.Length || text[place] != '"'))
            {
                return label.ToString();
            }

            label.Append(text[place]);
        }

        return null;
    }
}
