namespace Beret.Evaluation;

/// <summary>A 95% confidence interval: the closed range from <paramref name="Lower"/> to <paramref name="Upper"/>.</summary>
/// <param name="Lower">The lower end.</param>
/// <param name="Upper">The upper end.</param>
public readonly record struct Interval(double Lower, double Upper)
{
    /// <summary>The 97.5% quantile of the standard normal distribution: two-sided 95%.</summary>
    internal const double Z = 1.959963984540054;

    /// <summary>
    /// The Wilson score interval of a proportion (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22,
    /// 1927):
    /// (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n). It stays inside [0, 1] and keeps its width when every trial succeeds or fails.
    /// </summary>
    /// <returns>The interval, or null where there is no trial.</returns>
    internal static Interval? Wilson(long successes, long trials)
    {
        if (trials == 0)
        {
            return null;
        }

        double n = trials, p = successes / n, z2 = Z * Z;
        var centre = p + z2 / (2 * n);
        var half = Z * Math.Sqrt(p * (1 - p) / n + z2 / (4 * n * n));
        var scale = 1 + z2 / n;
        return new Interval(
            successes == 0 ? 0 : (centre - half) / scale,
            successes == trials ? 1 : (centre + half) / scale);
    }

    /// <summary>
    /// The interval of F1 = 2tp / (2tp + fp + fn). F1 is a rising function of F* = tp / (tp + fp + fn), namely F1 = 2F* / (1 + F*)
    /// (D. Hand, P. Christen, N. Kirielle, "F*: an interpretable transformation of the F-measure", Machine Learning 110, 2021), and given how many
    /// examples are not true negatives F* is a binomial proportion: so the interval is Wilson's for F*, carried over.
    /// </summary>
    /// <returns>The interval, or null where F1 is not defined.</returns>
    internal static Interval? F1(long truePositives, long falsePositives, long falseNegatives) =>
        Wilson(truePositives, truePositives + falsePositives + falseNegatives) is { } star
            ? new Interval(2 * star.Lower / (1 + star.Lower), 2 * star.Upper / (1 + star.Upper))
            : null;

    /// <summary>
    /// value ± z · standardError, cut to [minimum, maximum]; null where the standard error is zero or not finite, for then it says nothing.
    /// </summary>
    internal static Interval? Normal(double value, double standardError, double minimum, double maximum) =>
        double.IsFinite(standardError) && standardError > 0
            ? new Interval(Math.Max(minimum, value - Z * standardError), Math.Min(maximum, value + Z * standardError))
            : null;
}
