using System.Globalization;

namespace Beret.Evaluation;

/// <summary>Metrics of a classifier with one logit for each of K classes, of which one is right.</summary>
public static class MultiClassMetrics
{
    /// <summary>Evaluates logits against labels.</summary>
    /// <param name="labels">For each of n examples the number of its class, from 0 to K − 1.</param>
    /// <param name="logits">[n, K] logits, row-major.</param>
    /// <param name="classes">K, at least 2.</param>
    /// <param name="labelNames">The classes' names, their numbers where not given.</param>
    /// <returns>Softmax cross entropy, accuracy, precision, recall and F1 per class and averaged, and the confusion matrix.</returns>
    /// <exception cref="ArgumentException">The lengths do not fit together.</exception>
    /// <exception cref="EvaluationException">There is no example, a label is out of range, or a logit is not finite.</exception>
    public static MultiClassEvaluation Evaluate(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits, int classes, IReadOnlyList<string>? labelNames = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classes, 2);
        labelNames ??= [.. Enumerable.Range(0, classes).Select(k => k.ToString(CultureInfo.InvariantCulture))];
        if (labelNames.Count != classes)
        {
            throw new ArgumentException($"{classes} classes need as many label names, not {labelNames.Count}", nameof(labelNames));
        }

        InputChecks.Check(labels, logits, classes, logitsPerExample: classes);
        var confusion = new ConfusionMatrix(labelNames);
        var loss = new MeanOfLosses();
        for (var i = 0; i < labels.Length; i++)
        {
            var row = logits.Slice(i * classes, classes);
            confusion.Add(labels[i], IndexOfLargest(row));
            loss.Add(LossFunctions.SoftmaxCrossEntropy(row, labels[i]));
        }

        var perClass = new ClassMetrics[classes];
        for (var k = 0; k < classes; k++)
        {
            perClass[k] = ClassMetrics.From(confusion, k);
        }

        var accuracy = Estimate.Proportion(confusion.Correct, labels.Length, "");
        return new MultiClassEvaluation(confusion, perClass)
        {
            Count = labels.Length,
            Loss = loss.Estimate,
            Accuracy = accuracy,
            Macro = AverageMetrics.Of(perClass, row => row.IsPresent ? 1 : 0, MacroF1Interval(confusion, perClass)),
            Weighted = AverageMetrics.Of(perClass, row => row.Support),
            Micro = new AverageMetrics(accuracy, accuracy, accuracy),
            Matthews = MatthewsCorrelation.Of(confusion),
        };
    }

    /// <summary>The class with the largest logit, the first of equals.</summary>
    internal static int IndexOfLargest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var k = 1; k < logits.Length; k++)
        {
            best = logits[k] > logits[best] ? k : best;
        }

        return best;
    }

    /// <summary>
    /// Macro F1 is the mean of F_k = 2 p_kk / s_k with s_k = p_k· + p_·k, the cells p_ij being a multinomial's. Its gradient is g_kk = 2(1 − F_k) /
    /// (K s_k) and
    /// g_ij = −(F_i/s_i + F_j/s_j) / K, with Σ p g = 0, so that its variance is Σ p g² / n.
    /// </summary>
    private static Interval? MacroF1Interval(ConfusionMatrix confusion, ClassMetrics[] classes)
    {
        double n = confusion.Total;
        var present = classes.Count(row => row.IsPresent);
        double mean = 0;
        var variance = new CompensatedSum();
        for (var i = 0; i < classes.Length; i++)
        {
            mean += classes[i].F1.Value / present;
            for (var j = 0; j < classes.Length; j++)
            {
                if (confusion[i, j] is var count and > 0)
                {
                    var gradient = i == j ? 2 * (1 - classes[i].F1.Value) / Share(i) : -(classes[i].F1.Value / Share(i) + classes[j].F1.Value / Share(j));
                    variance.Add(count / n * (gradient / present) * (gradient / present));
                }
            }
        }

        return Interval.Normal(mean, Math.Sqrt(variance.Value / n), 0, 1);

        double Share(int k) => (classes[k].Support + classes[k].Predicted) / n;
    }
}
