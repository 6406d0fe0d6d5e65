namespace Beret.Tests.Evaluation;

/// <summary>The metrics once more, by their definitions, as slowly and plainly as can be.</summary>
internal static class NaiveMetrics
{
    /// <summary>
    /// The share of (positive, negative) pairs in which the positive scores higher, ties counting half; NaN where there is no pair.
    /// </summary>
    public static double AreaByPairs(int[] labels, float[] scores)
    {
        double won = 0, pairs = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            for (var j = 0; j < labels.Length; j++)
            {
                if (labels[i] == 1 && labels[j] == 0)
                {
                    pairs++;
                    won += Win(scores[i], scores[j]);
                }
            }
        }

        return won / pairs;
    }

    /// <summary>DeLong's variance from the pair matrix itself: the variances of its row and column means.</summary>
    public static double DeLongVariance(int[] labels, float[] scores)
    {
        var positives = scores.Where((_, i) => labels[i] == 1).ToArray();
        var negatives = scores.Where((_, i) => labels[i] == 0).ToArray();
        var rows = positives.Select(x => negatives.Average(y => Win(x, y))).ToArray();
        var columns = negatives.Select(y => positives.Average(x => Win(x, y))).ToArray();
        return Variance(rows) / rows.Length + Variance(columns) / columns.Length;
    }

    /// <summary>Precision, recall and F1 of one class straight from the lists.</summary>
    public static (double Precision, double Recall, double F1) OfClass(int[] actual, int[] predicted, int label)
    {
        double hits = 0, called = 0, support = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            hits += actual[i] == label && predicted[i] == label ? 1 : 0;
            called += predicted[i] == label ? 1 : 0;
            support += actual[i] == label ? 1 : 0;
        }

        var precision = called == 0 ? 0 : hits / called;
        var recall = support == 0 ? 0 : hits / support;
        return (precision, recall, precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall));
    }

    private static double Win(float x, float y) => x > y ? 1 : x == y ? 0.5 : 0;

    private static double Variance(double[] values)
    {
        var mean = values.Average();
        return values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1);
    }
}
