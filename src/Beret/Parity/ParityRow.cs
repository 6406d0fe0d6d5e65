namespace Beret.Parity;

/// <summary>One tensor of the expected file beside what Beret computes.</summary>
/// <param name="Name">The tensor's name in the file.</param>
/// <param name="Elements">How many elements were compared.</param>
/// <param name="LargestDifference">max |expected − computed|.</param>
/// <param name="LargestExpected">max |expected|: the scale of a relative difference.</param>
/// <param name="Allowed">The largest difference that passes.</param>
/// <param name="Note">Why it was not compared, or "".</param>
public sealed record ParityRow(string Name, long Elements, double LargestDifference, double LargestExpected, double Allowed, string Note)
{
    /// <summary>How many elements were left out, because they belong to masked positions, or to rows whose mask is all zero: they have no meaning.</summary>
    public long LeftOut { get; init; }

    /// <summary>What is wrong beside the difference, or "": a tensor of another shape fails, it is not merely left out.</summary>
    public string Remark { get; init; } = "";

    /// <summary>Whether the tensor was compared at all.</summary>
    public bool IsCompared => Note.Length == 0;

    /// <summary>Whether the difference is within what is allowed; a tensor that was not compared does not fail. A difference that is not a number does.</summary>
    public bool Passes => !IsCompared || LargestDifference <= Allowed;

    /// <summary>The difference relative to the tensor's largest entry.</summary>
    public double RelativeDifference => LargestExpected > 0 ? LargestDifference / LargestExpected : LargestDifference;
}
