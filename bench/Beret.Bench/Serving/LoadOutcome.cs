namespace Beret.Bench.Serving;

/// <summary>What came of a load.</summary>
internal sealed class LoadOutcome
{
    private readonly List<double> latencies = [];
    private readonly SortedDictionary<string, long> faults = new(StringComparer.Ordinal);

    /// <summary>From the first request to the last answer.</summary>
    public double Seconds { get; set; }

    /// <summary>Requests that were answered with a result.</summary>
    public long Answered => latencies.Count;

    /// <summary>Of these, results that are not the library's own.</summary>
    public long Wrong { get; private set; }

    /// <summary>Requests that were told to come again: 429 and 503.</summary>
    public long Rejected { get; private set; }

    /// <summary>Requests that found nobody listening.</summary>
    public long Refused { get; private set; }

    /// <summary>Requests that were taken and got no answer, or one that a right request does not get.</summary>
    public long Lost => faults.Values.Sum();

    /// <summary>What these were, for a person.</summary>
    public string Faults => string.Join(", ", faults.Select(fault => $"{fault.Key} ({fault.Value})"));

    public double PerSecond => Answered / Seconds;

    public double Median => Quantile(0.5);

    public double P99 => Quantile(0.99);

    public void Answer(double seconds, bool isRight)
    {
        lock (latencies)
        {
            latencies.Add(seconds);
            Wrong += isRight ? 0 : 1;
        }
    }

    public void Reject()
    {
        lock (latencies)
        {
            Rejected++;
        }
    }

    public void Refuse()
    {
        lock (latencies)
        {
            Refused++;
        }
    }

    public void Lose(string fault)
    {
        lock (latencies)
        {
            faults[fault] = faults.GetValueOrDefault(fault) + 1;
        }
    }

    private double Quantile(double share)
    {
        var sorted = latencies.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
    }
}
