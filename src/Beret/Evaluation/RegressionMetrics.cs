namespace Beret.Evaluation;

/// <summary>Metrics of a model that gives a number for each text.</summary>
public static class RegressionMetrics
{
    /// <summary>Evaluates numbers.</summary>
    /// <param name="truth">The true number of each of n examples, finite.</param>
    /// <param name="predictions">The model's.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    /// <exception cref="EvaluationException">There is no example, or a prediction is not finite.</exception>
    public static RegressionEvaluation Evaluate(ReadOnlySpan<double> truth, ReadOnlySpan<float> predictions)
    {
        if (truth.Length != predictions.Length)
        {
            throw new ArgumentException($"{truth.Length} numbers need as many predictions, not {predictions.Length}", nameof(predictions));
        }

        InputChecks.RequireSome(truth.Length);
        InputChecks.RequireFinite(predictions, 1);
        MeanOfLosses squared = new(), absolute = new();
        var given = new double[truth.Length];
        for (var i = 0; i < truth.Length; i++)
        {
            given[i] = predictions[i];
            var error = truth[i] - given[i];
            squared.Add(error * error);
            absolute.Add(Math.Abs(error));
        }

        var loss = squared.Estimate;
        return new RegressionEvaluation
        {
            Count = truth.Length,
            Loss = loss,
            RootMeanSquaredError = new Estimate(
                Math.Sqrt(loss.Value), loss.Interval95 is { } range ? new Interval(Math.Sqrt(range.Lower), Math.Sqrt(range.Upper)) : null),
            MeanAbsoluteError = absolute.Estimate with { Note = null },
            R2 = R2(truth, loss.Value),
            Pearson = Correlation(Deviations(truth), Deviations(given), 1),
            Spearman = Correlation(Deviations(Ranks(truth)), Deviations(Ranks(given)), 1.06),
        };
    }

    /// <summary>The rank of each value from 1, equal values having the mean of their ranks.</summary>
    internal static double[] Ranks(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        int[] order = [.. Enumerable.Range(0, values.Length)];
        Array.Sort(sorted, order);
        var ranks = new double[values.Length];
        for (var from = 0; from < sorted.Length;)
        {
            var to = from + 1;
            while (to < sorted.Length && sorted[to] == sorted[from])
            {
                to++;
            }

            foreach (var place in order.AsSpan(from..to))
            {
                ranks[place] = (from + 1 + to) / 2.0;
            }

            from = to;
        }

        return ranks;
    }

    private static Estimate R2(ReadOnlySpan<double> truth, double meanSquaredError)
    {
        if (truth.Length < 2)
        {
            return new Estimate(double.NaN, null, "it needs two examples");
        }

        var total = SumOfProducts(Deviations(truth), Deviations(truth)) / truth.Length;
        return total > 0 ? new Estimate(1 - meanSquaredError / total) : new Estimate(meanSquaredError == 0 ? 1 : 0, null, "all true numbers are equal");
    }

    /// <summary>
    /// Σ xy / √(Σ x² Σ y²), with the interval tanh(artanh r ± z √(factor / (n − 3))) of R. A. Fisher, "On the probable error of a coefficient of correlation", Metron 1,
    /// 1921; for ranks the factor is 1.06 (E. C. Fieller, H. O. Hartley and E. S. Pearson, Biometrika 44, 1957).
    /// </summary>
    private static Estimate Correlation(double[] x, double[] y, double factor)
    {
        double spreadX = SumOfProducts(x, x), spreadY = SumOfProducts(y, y);
        if (!(spreadX > 0) || !(spreadY > 0))
        {
            return new Estimate(double.NaN, null, spreadX > 0 ? "all predictions are equal" : "all true numbers are equal");
        }

        var r = Math.Clamp(SumOfProducts(x, y) / Math.Sqrt(spreadX) / Math.Sqrt(spreadY), -1, 1);
        if (x.Length <= 3)
        {
            return new Estimate(r, null, "an interval needs four examples");
        }

        var half = Interval.Z * Math.Sqrt(factor / (x.Length - 3));
        return Math.Abs(r) < 1 ? new Estimate(r, new Interval(Math.Tanh(Math.Atanh(r) - half), Math.Tanh(Math.Atanh(r) + half))) : new Estimate(r);
    }

    private static double[] Deviations(ReadOnlySpan<double> values)
    {
        var sum = new CompensatedSum();
        foreach (var value in values)
        {
            sum.Add(value);
        }

        var mean = sum.Value / values.Length;
        var deviations = values.ToArray();
        foreach (ref var deviation in deviations.AsSpan())
        {
            deviation -= mean;
        }

        return deviations;
    }

    private static double SumOfProducts(double[] x, double[] y)
    {
        var sum = new CompensatedSum();
        for (var i = 0; i < x.Length; i++)
        {
            sum.Add(x[i] * y[i]);
        }

        return sum.Value;
    }
}
