namespace Beret.Evaluation;

/// <summary>
/// The mean of per-example losses and its standard error, in one pass (B. P. Welford, Technometrics 4, 1962, for the deviation; the mean itself from
/// a compensated sum).
/// </summary>
internal struct MeanOfLosses
{
    private CompensatedSum _sum;
    private CompensatedSum _squares;
    private double _runningMean;
    private long _count;

    public readonly Estimate Estimate
    {
        get
        {
            var mean = _sum.Value / _count;
            var error = _count > 1 ? Math.Sqrt(_squares.Value / (_count - 1) / _count) : double.NaN;
            return new Estimate(mean, Interval.Normal(mean, error, 0, double.PositiveInfinity), _count > 1 ? null : "an interval needs two examples");
        }
    }

    public void Add(double loss)
    {
        _sum.Add(loss);
        _count++;
        var difference = loss - _runningMean;
        _runningMean += difference / _count;
        _squares.Add(difference * (loss - _runningMean));
    }
}
