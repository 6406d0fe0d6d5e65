namespace Beret.Evaluation;

/// <summary>The area under the ROC curve.</summary>
internal static class RocAuc
{
    /// <summary>
    /// The probability that a positive example scores above a negative one, ties counting half (the Mann–Whitney statistic with mid-ranks, which is
    /// the
    /// trapezoidal area that scikit-learn's roc_auc_score gives), with the interval of E. DeLong, D. DeLong and D. Clarke-Pearson (Biometrics 44,
    /// 1988)
    /// cut to [0, 1]. O(n log n). With one class only it is NaN, and said.
    /// </summary>
    /// <param name="labels">0 or 1 for each example.</param>
    /// <param name="scores">A finite score for each example; higher means more positive.</param>
    public static Estimate Compute(ReadOnlySpan<int> labels, ReadOnlySpan<float> scores)
    {
        var order = scores.ToArray();
        var sorted = labels.ToArray();
        Array.Sort(order, sorted);

        long positives = 0;
        foreach (var label in sorted)
        {
            positives += label;
        }

        var negatives = sorted.Length - positives;
        if (positives == 0 || negatives == 0)
        {
            return new Estimate(double.NaN, null, positives == 0 ? "no example is of the positive class" : "no example is of the negative class");
        }

        // Twice the number of (positive, negative) pairs in the right order, ties one each: an integer, so the area has one rounding.
        long doubled = 0;
        foreach (var group in new TieGroups(order, sorted))
        {
            doubled += group.Positives * (2 * group.NegativesBelow + group.Negatives);
        }

        var area = doubled / (2.0 * positives * negatives);
        if (positives < 2 || negatives < 2)
        {
            return new Estimate(area, null, "an interval needs two examples of each class");
        }

        // DeLong's structural components: V10 of a positive is the share of negatives below it, V01 of a negative the share of positives above it.
        CompensatedSum positiveSquares = default, negativeSquares = default;
        foreach (var group in new TieGroups(order, sorted))
        {
            var v10 = (group.NegativesBelow + group.Negatives / 2.0) / negatives - area;
            var v01 = (positives - group.PositivesBelow - group.Positives / 2.0) / positives - area;
            positiveSquares.Add(group.Positives * v10 * v10);
            negativeSquares.Add(group.Negatives * v01 * v01);
        }

        var variance = positiveSquares.Value / (positives - 1) / positives + negativeSquares.Value / (negatives - 1) / negatives;
        var interval = Interval.Normal(area, Math.Sqrt(variance), 0, 1);
        return new Estimate(area, interval, interval is null ? "the classes are separated without overlap: DeLong's interval has no width" : null);
    }

    /// <summary>Walks examples sorted by score, one run of equal scores at a time.</summary>
    private ref struct TieGroups(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels)
    {
        private readonly ReadOnlySpan<float> scores = scores;
        private readonly ReadOnlySpan<int> labels = labels;
        private int next = 0;

        public TieGroup Current { get; private set; }

        public readonly TieGroups GetEnumerator() => this;

        public bool MoveNext()
        {
            if (next == scores.Length)
            {
                return false;
            }

            var score = scores[next];
            long positives = 0, count = 0;
            for (; next < scores.Length && scores[next] == score; next++, count++)
            {
                positives += labels[next];
            }

            Current = new TieGroup(
                positives,
                count - positives,
                Current.PositivesBelow + Current.Positives,
                Current.NegativesBelow + Current.Negatives);
            return true;
        }
    }

    private readonly record struct TieGroup(long Positives, long Negatives, long PositivesBelow, long NegativesBelow);
}
