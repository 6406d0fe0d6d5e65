using Beret.Evaluation;

namespace Beret.Training;

/// <summary>Whether a model takes the place of the one that is kept.</summary>
internal sealed class KeepRule
{
    private readonly KeepModel keep;
    private readonly bool isLowerBetter;

    /// <param name="keep">What it goes by.</param>
    /// <param name="example">Gives an evaluation of the task, by which its figures are known; null where there is none to come.</param>
    /// <exception cref="TrainingException">The task has no such figure, or nothing to compute it from.</exception>
    public KeepRule(KeepModel keep, Func<EvaluationResult>? example)
    {
        this.keep = keep;
        if (keep.Metric is not { } key)
        {
            return;
        }

        if (example is null)
        {
            throw new TrainingException($"--keep {key} needs texts to validate on: give some by --validation, or a part of the training texts by --validation-split");
        }

        var evaluation = example();
        var metric = evaluation.Metrics.FirstOrDefault(metric => metric.Key == key) ?? throw new TrainingException(
            $"--keep {key}: a {evaluation.Task} model has no such figure; it has {string.Join(", ", evaluation.Metrics.Select(one => one.Key))}");
        isLowerBetter = metric.IsLowerBetter;
    }

    /// <summary>The figure that a recipe names, where it is a number; null where it names none.</summary>
    public double? FigureOf(EvaluationResult? evaluation) =>
        keep.Metric is { } key && evaluation?.Find(key) is { } figure && double.IsFinite(figure.Value) ? figure.Value : null;

    /// <summary>Whether the model of a point is better than the best before it, or there is none.</summary>
    public bool Prefers(TrainingPoint point, TrainingPoint? best)
    {
        if (keep == KeepModel.Last || point.ValidationLoss is null || best is null)
        {
            return true;
        }

        return keep.Metric is null
            ? keep == KeepModel.BestAccuracy
                ? point.ValidationAccuracy > (best.ValidationAccuracy ?? double.NegativeInfinity)
                : point.ValidationLoss < best.ValidationLoss
            : isLowerBetter ? point.Figure < (best.Figure ?? double.PositiveInfinity) : point.Figure > (best.Figure ?? double.NegativeInfinity);
    }
}
