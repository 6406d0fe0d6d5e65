using System.Globalization;
using Beret.Data;
using Beret.Evaluation;
using Beret.Tasks;

namespace Beret.Inference;

/// <summary>What a classifier says of a text.</summary>
/// <param name="Label">The predicted class; of a multi-label task the most probable label, of a regression what its number is called.</param>
/// <param name="Score">
/// Of a binary task the probability of the positive class, as the tutorial prints it; of a regression the number; otherwise the probability of <paramref name="Label"/>.
/// </param>
/// <param name="Probabilities">One for each label, in the order of <see cref="Classifier.Labels"/>; none of a regression.</param>
/// <param name="Logits">What the model computed: one logit for a binary task or a regression, else one for each label.</param>
/// <param name="Tokens">The number of tokens that the model read, special tokens included; of a text in windows those of all windows, so that what windows have in common counts twice.</param>
/// <param name="TokensCut">The number of tokens of the text that the model did not read.</param>
public sealed record Prediction(
    string Label, double Score, IReadOnlyList<double> Probabilities, IReadOnlyList<float> Logits, int Tokens, int TokensCut)
{
    private LabelKind kind;

    /// <summary>All labels that the text is said to have: of a multi-label task those with a probability above ½, maybe none; of a regression none; else the one.</summary>
    public IReadOnlyList<string> Labels { get; private init; } = [Label];

    /// <summary>The number of windows that the text was read in; 1 unless it is longer than what is read at once, and the model reads windows (<see cref="Text.Truncation.Windows"/>).</summary>
    public int Windows { get; private init; } = 1;

    /// <param name="logits">As many as the task has for one text.</param>
    internal static Prediction Of(ClassificationTask task, ReadOnlySpan<float> logits, int tokens, int cut, int windows)
    {
        var probabilities = new double[task.Kind == LabelKind.Number ? 0 : task.Labels.Count];
        task.Probabilities(logits, probabilities);
        var label = task.Labels[task.Decide(logits)];
        return new Prediction(label, task.Score(logits, probabilities), probabilities, logits.ToArray(), tokens, cut)
        {
            kind = task.Kind,
            Windows = windows,
            Labels = task.Kind == LabelKind.Number ? [] : [.. task.DecideAll(logits).Select(number => task.Labels[number])],
        };
    }

    /// <summary>
    /// The line that the tutorial prints for a text, and the label:
    /// <c>input: this is such an amazing movie! : score: 0.999329 : label: pos</c>; of a multi-label task its labels, of a regression the name
    /// and the number, <c>input: a fine film                : stars: 4.210345</c>. The text is filled up to 30 columns; control characters in it are written as
    /// \uXXXX, so that it stays one line.
    /// </summary>
    public string ToLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var shown = TextTable.Printable(text);
        var padding = new string(' ', Math.Max(0, 30 - TextTable.Width(shown)));
        return string.Create(CultureInfo.InvariantCulture, $"input: {shown}{padding} : {TextTable.Printable(Answer())}");
    }

    private string Answer() => kind switch
    {
        LabelKind.Set => string.Create(CultureInfo.InvariantCulture, $"labels: {(Labels.Count == 0 ? $"none (nearest: {Label}, {Score:F6})" : string.Join(", ", Labels))}"),
        LabelKind.Number => string.Create(CultureInfo.InvariantCulture, $"{Label}: {Score:F6}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"score: {Score:F6} : label: {Label}"),
    };
}
