namespace Beret.Evaluation;

/// <summary>One measured figure.</summary>
/// <param name="Value">The figure itself. Where it is not defined: 0 for precision, recall and F1 (scikit-learn's zero_division=0), NaN for ROC-AUC;
/// <paramref name="Note"/> then says why.</param>
/// <param name="Interval95">Its 95% confidence interval, or null where none can be given.</param>
/// <param name="Note">Why the value or its interval is not defined; null in the ordinary case.</param>
public readonly record struct Estimate(double Value, Interval? Interval95 = null, string? Note = null)
{
    /// <summary>A proportion with its Wilson interval; 0 and the note where there is nothing to divide by.</summary>
    internal static Estimate Proportion(long successes, long trials, string noteWhenEmpty) =>
        trials == 0 ? new Estimate(0, null, noteWhenEmpty) : new Estimate((double)successes / trials, Interval.Wilson(successes, trials));
}

/// <summary>A named figure of an evaluation.</summary>
/// <param name="Key">The stable key under which it stands in JSON, such as <c>accuracy</c>.</param>
/// <param name="Name">The name to print, such as <c>accuracy (p &gt; 0.5)</c>.</param>
/// <param name="Estimate">The figure.</param>
/// <param name="IsLowerBetter">Whether a better model has a lower one: losses and errors.</param>
public sealed record Metric(string Key, string Name, Estimate Estimate, bool IsLowerBetter = false);
