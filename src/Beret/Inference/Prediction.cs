using System.Globalization;
using Beret.Evaluation;
using Beret.Tasks;

namespace Beret.Inference;

/// <summary>What a classifier says of a text.</summary>
/// <param name="Label">The predicted class.</param>
/// <param name="Score">Of a binary task the probability of the positive class, as the tutorial prints it; otherwise the probability of <paramref name="Label"/>.</param>
/// <param name="Probabilities">One for each label, in the order of <see cref="Classifier.Labels"/>.</param>
/// <param name="Logits">What the model computed: one logit for a binary task, else one for each label.</param>
/// <param name="Tokens">The number of tokens that the model read, special tokens included.</param>
/// <param name="TokensCut">The number of tokens that truncation removed.</param>
public sealed record Prediction(
    string Label, double Score, IReadOnlyList<double> Probabilities, IReadOnlyList<float> Logits, int Tokens, int TokensCut)
{
    /// <param name="logits">As many as the task has for one text.</param>
    internal static Prediction Of(ClassificationTask task, ReadOnlySpan<float> logits, int tokens, int cut)
    {
        var probabilities = new double[task.Labels.Count];
        task.Probabilities(logits, probabilities);
        var label = task.Decide(logits);
        return new Prediction(task.Labels[label], task.Score(probabilities, label), probabilities, logits.ToArray(), tokens, cut);
    }

    /// <summary>
    /// The line that the tutorial prints for a text, and the label:
    /// <c>input: this is such an amazing movie! : score: 0.999329 : label: pos</c>. The text is filled up to 30 columns; control characters in it are written as
    /// \uXXXX, so that it stays one line.
    /// </summary>
    public string ToLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var shown = TextTable.Printable(text);
        var padding = new string(' ', Math.Max(0, 30 - TextTable.Width(shown)));
        return string.Create(CultureInfo.InvariantCulture, $"input: {shown}{padding} : score: {Score:F6} : label: {TextTable.Printable(Label)}");
    }
}
