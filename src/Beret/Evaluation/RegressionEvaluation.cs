namespace Beret.Evaluation;

/// <summary>The evaluation of a model that gives a number for each text.</summary>
public sealed record RegressionEvaluation : EvaluationResult
{
    internal const string HeadlineKey = "pearson";

    internal RegressionEvaluation()
    {
    }

    /// <inheritdoc/>
    public override string Task => "regression";

    /// <summary>The root of the mean squared error, which is the <see cref="EvaluationResult.Loss"/>; its interval is that of the mean squared error, carried over.</summary>
    public required Estimate RootMeanSquaredError { get; init; }

    /// <summary>The mean distance from the true number; the normal interval of a mean.</summary>
    public required Estimate MeanAbsoluteError { get; init; }

    /// <summary>1 − Σ(y − x)² / Σ(y − ȳ)²: 1 for all right, 0 for always saying the mean, below 0 for worse. As in scikit-learn 1 or 0 where all true numbers are equal.</summary>
    public required Estimate R2 { get; init; }

    /// <summary>Pearson's correlation of true and given numbers, NaN where either are all equal; R. A. Fisher's interval.</summary>
    public required Estimate Pearson { get; init; }

    /// <summary>Spearman's: Pearson's of the ranks, equal numbers having their mean rank; the interval of Fieller, Hartley and Pearson.</summary>
    public required Estimate Spearman { get; init; }

    /// <inheritdoc/>
    public override Metric Headline => new(HeadlineKey, "Pearson correlation", Pearson);

    /// <inheritdoc/>
    public override IReadOnlyList<Metric> Metrics =>
    [
        new("loss", "loss", Loss, IsLowerBetter: true),
        new("mse", "mean squared error", Loss, IsLowerBetter: true),
        new("rmse", "root mean squared error", RootMeanSquaredError, IsLowerBetter: true),
        new("mae", "mean absolute error", MeanAbsoluteError, IsLowerBetter: true),
        new("r2", "R²", R2),
        Headline,
        new("spearman", "Spearman correlation", Spearman),
    ];
}
