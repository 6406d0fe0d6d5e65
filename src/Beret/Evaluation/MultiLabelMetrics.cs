namespace Beret.Evaluation;

/// <summary>Metrics of a model with one logit for each of K labels, each right or not by itself.</summary>
public static class MultiLabelMetrics
{
    /// <summary>Evaluates logits against labels.</summary>
    /// <param name="truth">[n, K], row-major: whether a text has a label.</param>
    /// <param name="logits">[n, K] logits, row-major.</param>
    /// <param name="labelNames">The K labels' names, at least one.</param>
    /// <returns>Binary cross entropy, subset accuracy, hamming loss, and precision, recall and F1 by label and averaged in four ways, as scikit-learn has them with zero_division=0.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    /// <exception cref="EvaluationException">There is no example, or a logit is not finite.</exception>
    public static MultiLabelEvaluation Evaluate(ReadOnlySpan<bool> truth, ReadOnlySpan<float> logits, IReadOnlyList<string> labelNames)
    {
        ArgumentNullException.ThrowIfNull(labelNames);
        ArgumentOutOfRangeException.ThrowIfZero(labelNames.Count, nameof(labelNames));
        var labels = labelNames.Count;
        if (truth.Length != logits.Length || truth.Length % labels != 0)
        {
            throw new ArgumentException($"{labels} labels of some texts need as many logits; there are {truth.Length} and {logits.Length}", nameof(logits));
        }

        var count = truth.Length / labels;
        InputChecks.RequireSome(count);
        InputChecks.RequireFinite(logits, labels);
        var counts = new Counts[labels];
        var texts = new Counts[count];
        MeanOfLosses loss = new(), wrong = new();
        CompensatedSum precisions = default, recalls = default;
        var f1 = new MeanOfLosses();
        var exact = 0;
        for (var i = 0; i < count; i++)
        {
            double entropy = 0;
            var errors = 0;
            for (var k = 0; k < labels; k++)
            {
                var (logit, isTrue) = (logits[i * labels + k], truth[i * labels + k]);
                entropy += LossFunctions.BinaryCrossEntropy(logit, isTrue);
                errors += logit > 0 != isTrue ? 1 : 0;
                counts[k].Add(isTrue, logit > 0);
                texts[i].Add(isTrue, logit > 0);
            }

            loss.Add(entropy / labels);
            wrong.Add((double)errors / labels);
            exact += errors == 0 ? 1 : 0;
            precisions.Add(texts[i].Precision);
            recalls.Add(texts[i].Recall);
            f1.Add(texts[i].F1);
        }

        var all = new Counts(counts.Sum(label => label.Hits), counts.Sum(label => label.Support), counts.Sum(label => label.Predicted));
        ClassMetrics[] perLabel = [.. counts.Select((label, k) => ClassMetrics.From(labelNames[k], label.Hits, label.Support, label.Predicted))];
        return new MultiLabelEvaluation(perLabel)
        {
            Count = count,
            Loss = loss.Estimate,
            SubsetAccuracy = Estimate.Proportion(exact, count, ""),
            HammingLoss = UpToOne(wrong.Estimate),
            Micro = new AverageMetrics(new Estimate(all.Precision), new Estimate(all.Recall), new Estimate(all.F1, MicroF1Interval(all, texts))),
            Macro = AverageMetrics.Of(perLabel, _ => 1),
            Weighted = AverageMetrics.Of(perLabel, row => row.Support),
            Samples = new AverageMetrics(new Estimate(precisions.Value / count), new Estimate(recalls.Value / count), UpToOne(f1.Estimate)),
        };
    }

    /// <summary>
    /// Micro F1 is a ratio of sums over the texts, F = Σ 2h_i / Σ d_i with d_i = support + predictions; its linearised variance is Σ (2h_i − F d_i)² / (Σ d_i)² · n / (n − 1)
    /// (W. G. Cochran, Sampling Techniques, 1977, §6.4).
    /// </summary>
    private static Interval? MicroF1Interval(Counts all, Counts[] texts)
    {
        var squares = new CompensatedSum();
        foreach (var text in texts)
        {
            var residual = 2.0 * text.Hits - all.F1 * (text.Support + text.Predicted);
            squares.Add(residual * residual);
        }

        double n = texts.Length, total = all.Support + all.Predicted;
        return Interval.Normal(all.F1, Math.Sqrt(squares.Value * n / (n - 1)) / total, 0, 1);
    }

    private static Estimate UpToOne(Estimate mean) =>
        mean.Interval95 is { } range ? mean with { Interval95 = range with { Upper = Math.Min(1, range.Upper) } } : mean with { Note = null };

    /// <summary>How often labels occur, are predicted, and are both; precision, recall and F1 are 0 where they are not defined.</summary>
    private record struct Counts(long Hits, long Support, long Predicted)
    {
        public readonly double Precision => Predicted == 0 ? 0 : (double)Hits / Predicted;

        public readonly double Recall => Support == 0 ? 0 : (double)Hits / Support;

        public readonly double F1 => Support + Predicted == 0 ? 0 : 2.0 * Hits / (Support + Predicted);

        public void Add(bool isTrue, bool isPredicted)
        {
            Hits += isTrue && isPredicted ? 1 : 0;
            Support += isTrue ? 1 : 0;
            Predicted += isPredicted ? 1 : 0;
        }
    }
}
