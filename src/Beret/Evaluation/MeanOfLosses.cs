namespace Beret.Evaluation;

/// <summary>
/// The mean of per-example losses and its standard error, in one pass (B. P. Welford, Technometrics 4, 1962, for the deviation; the mean itself from
/// a compensated sum).
/// </summary>
internal struct MeanOfLosses
{
    private CompensatedSum sum;
    private CompensatedSum squares;
    private double runningMean;
    private long count;

    public readonly Estimate Estimate
    {
        get
        {
            var mean = sum.Value / count;
            var error = count > 1 ? Math.Sqrt(squares.Value / (count - 1) / count) : double.NaN;
            return new Estimate(mean, Interval.Normal(mean, error, 0, double.PositiveInfinity), count > 1 ? null : "an interval needs two examples");
        }
    }

    public void Add(double loss)
    {
        sum.Add(loss);
        count++;
        var difference = loss - runningMean;
        runningMean += difference / count;
        squares.Add(difference * (loss - runningMean));
    }
}
