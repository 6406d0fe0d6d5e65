namespace Beret.Reports;

/// <summary>A point of a curve: <paramref name="X"/> in epochs. A <paramref name="Y"/> that is not drawable is NaN and breaks the line.</summary>
internal readonly record struct CurvePoint(double X, double Y);

/// <summary>One of the tutorial's two plots, ready to be drawn by whatever means: the loss, or the metric, of training and validation.</summary>
/// <param name="Title">The plot's title.</param>
/// <param name="Quantity">What the vertical axis shows.</param>
/// <param name="Training">One point an epoch.</param>
/// <param name="Fine">The training curve within epochs; may be empty.</param>
/// <param name="Validation">One point for each validation; may be empty.</param>
/// <param name="Horizontal">The axis of epochs.</param>
/// <param name="Vertical">The axis of the quantity.</param>
internal sealed record CurvePlot(
    string Title, string Quantity, CurvePoint[] Training, CurvePoint[] Fine, CurvePoint[] Validation, Axis Horizontal, Axis Vertical)
{
    /// <summary>The loss plot and the metric plot of a history.</summary>
    /// <param name="history">What happened.</param>
    /// <param name="finePoints">At most so many points are kept of the curve within epochs: each is the mean of its neighbours.</param>
    /// <param name="horizontalTicks">About how many ticks the axis of epochs has room for.</param>
    /// <param name="verticalTicks">About how many ticks the other axis has room for.</param>
    public static CurvePlot[] From(TrainingHistory history, int finePoints, int horizontalTicks, int verticalTicks)
    {
        var byStep = history.Validations.Count > 0;
        CurvePlot[] plots =
        [
            Build(
                "loss",
                "Training and validation loss",
                history.Epochs.Select(e => Point(e.Epoch, e.TrainingLoss)),
                history.Steps.Select(s => Point(history.EpochsAt(s.Step), s.Loss)),
                byStep
                    ? history.Validations.Select(v => Point(history.EpochsAt(v.Step), v.Loss))
                    : history.Epochs.Where(e => e.ValidationLoss.HasValue).Select(e => Point(e.Epoch, e.ValidationLoss!.Value)),
                floor: 0,
                ceiling: double.PositiveInfinity),
            Build(
                history.MetricName,
                $"{(history.Epochs.Count > 0 && history.Epochs.All(e => double.IsNaN(e.TrainingAccuracy)) ? "Validation" : "Training and validation")} {history.MetricName}",
                history.Epochs.Where(e => !double.IsNaN(e.TrainingAccuracy)).Select(e => Point(e.Epoch, e.TrainingAccuracy)),
                history.Steps.Where(s => s.Accuracy.HasValue).Select(s => Point(history.EpochsAt(s.Step), s.Accuracy!.Value)),
                byStep
                    ? history.Validations.Select(v => Point(history.EpochsAt(v.Step), v.Accuracy))
                    : history.Epochs.Where(e => e.ValidationAccuracy.HasValue).Select(e => Point(e.Epoch, e.ValidationAccuracy!.Value)),
                floor: 0,
                ceiling: 1),
        ];

        // One axis of epochs for both, so that they can be read one under the other.
        var all = plots.SelectMany(p => p.All).Select(p => p.X).DefaultIfEmpty(1).ToList();
        var first = plots.Any(p => p.Fine.Length > 1) || all.Min() < 1 ? 0 : all.Min();
        var horizontal = Axis.Epochs(first, all.Max(), horizontalTicks);
        return [.. plots.Select(p => p with { Horizontal = horizontal })];

        CurvePlot Build(
            string quantity, string title, IEnumerable<CurvePoint> training, IEnumerable<CurvePoint> fine, IEnumerable<CurvePoint> validation, double floor, double ceiling)
        {
            var plot = new CurvePlot(title, quantity, [.. training], Thin([.. fine], finePoints), [.. validation], default, default);
            return plot with { Vertical = Axis.Fit(plot.All.Select(p => p.Y).Where(double.IsFinite), verticalTicks, floor, ceiling) };
        }
    }

    private IEnumerable<CurvePoint> All => Training.Concat(Fine).Concat(Validation);

    /// <summary>NaN for what no axis can hold: a diverged run's infinities and numbers beyond 1e30.</summary>
    private static CurvePoint Point(double x, double y) => new(x, Math.Abs(y) <= 1e30 ? y : double.NaN);

    private static CurvePoint[] Thin(CurvePoint[] points, int limit)
    {
        if (points.Length <= limit)
        {
            return points;
        }

        var thinned = new CurvePoint[limit];
        for (var i = 0; i < limit; i++)
        {
            var bucket = points[(int)((long)i * points.Length / limit)..(int)((i + 1L) * points.Length / limit)];
            thinned[i] = new CurvePoint(bucket.Average(p => p.X), bucket.Average(p => p.Y));
        }

        return thinned;
    }
}
