namespace Beret.Bench.Pages;

/// <summary>The rounds of one measurement by one program.</summary>
/// <param name="Rounds">In their order, at least one.</param>
internal sealed record Series(IReadOnlyList<Measurement> Rounds)
{
    public string By => Rounds[0].By;

    public string Name => Rounds[0].Name;

    public string Precision => Rounds[0].Precision;

    public bool IsOurs => By == Measurement.Ours;

    /// <summary>The median of the rounds.</summary>
    public double Seconds => Clock.Median(Rounds.Select(one => one.Seconds));

    public double P99 => Clock.Median(Rounds.Select(one => one.P99));

    /// <summary>Half the distance between the quartiles of the rounds, as a share of the median.</summary>
    public double Spread => Clock.Spread([.. Rounds.Select(one => one.Seconds)]);

    public double Gflops => Rounds[0].Flops / Seconds / 1e9;

    public double TextsPerSecond => Rounds[0].Texts / Seconds;

    public double TokensPerSecond => Rounds[0].Tokens / Seconds;

    /// <summary>How many times as fast as another this is: the ratio of the medians, and the smallest and the largest ratio of a round, in which the two ran in turn.</summary>
    public (double Median, double Least, double Most) Over(Series other)
    {
        var ratios = Rounds.Zip(other.Rounds, (mine, theirs) => theirs.Seconds / mine.Seconds).ToList();
        return (other.Seconds / Seconds, ratios.Min(), ratios.Max());
    }
}
