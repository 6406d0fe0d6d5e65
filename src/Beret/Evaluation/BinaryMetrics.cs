namespace Beret.Evaluation;

/// <summary>Metrics of a binary classifier with one logit.</summary>
public static class BinaryMetrics
{
    private static readonly string[] DefaultLabels = ["0", "1"];

    /// <summary>Evaluates logits against labels.</summary>
    /// <param name="labels">For each example 0 (negative) or 1 (positive).</param>
    /// <param name="logits">For each example the model's logit x; p = 1 / (1 + exp(−x)).</param>
    /// <param name="labelNames">The names of the negative and the positive class, "0" and "1" where not given.</param>
    /// <returns>Loss, accuracy, precision, recall, F1, ROC-AUC, each with its 95% interval, and the confusion matrix.</returns>
    /// <exception cref="ArgumentException">The lengths differ, or there are not two names.</exception>
    /// <exception cref="EvaluationException">There is no example, a label is neither 0 nor 1, or a logit is not finite.</exception>
    public static BinaryEvaluation Evaluate(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits, IReadOnlyList<string>? labelNames = null)
    {
        labelNames ??= DefaultLabels;
        if (labelNames.Count != 2)
        {
            throw new ArgumentException($"a binary task has two label names, not {labelNames.Count}", nameof(labelNames));
        }

        InputChecks.Check(labels, logits, classes: 2, logitsPerExample: 1);
        var confusion = new ConfusionMatrix(labelNames);
        long correctAtHalf = 0;
        var loss = new MeanOfLosses();
        for (var i = 0; i < labels.Length; i++)
        {
            var positive = labels[i] == 1;
            confusion.Add(labels[i], logits[i] > 0 ? 1 : 0);
            correctAtHalf += logits[i] > 0.5f == positive ? 1 : 0;
            loss.Add(LossFunctions.BinaryCrossEntropy(logits[i], positive));
        }

        var positiveClass = ClassMetrics.From(confusion, 1);
        return new BinaryEvaluation(confusion)
        {
            Count = labels.Length,
            Loss = loss.Estimate,
            Accuracy = Estimate.Proportion(confusion.Correct, labels.Length, ""),
            AccuracyAtLogitHalf = Estimate.Proportion(correctAtHalf, labels.Length, ""),
            Precision = positiveClass.Precision with { Note = positiveClass.Predicted == 0 ? "no example was predicted positive" : null },
            Recall = positiveClass.Recall with { Note = positiveClass.Support == 0 ? "no example is of the positive class" : null },
            Specificity = Estimate.Proportion(confusion[0, 0], confusion.Actual(0), "no example is of the negative class"),
            F1 = positiveClass.F1 with { Note = positiveClass.IsPresent ? null : "no example is of the positive class or was predicted to be" },
            RocAuc = RocAuc.Compute(labels, logits),
            Matthews = MatthewsCorrelation.Of(confusion),
        };
    }
}
