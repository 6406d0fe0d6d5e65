namespace Beret.Onnx;

/// <summary>How an export did in another program.</summary>
/// <param name="Runtime">The program that ran it, with its version; null where there is none, and nothing was checked.</param>
/// <param name="Reason">Why there is none; empty where there is.</param>
/// <param name="Texts">How many texts it was asked about.</param>
/// <param name="LargestDifference">Between its numbers and Beret's, of the same precision where Beret has it.</param>
/// <param name="Tolerance">What the difference may be.</param>
public sealed record ExportCheck(string? Runtime, string Reason, int Texts, double LargestDifference, double Tolerance)
{
    /// <summary>Whether it answers as Beret does, as far as it was checked.</summary>
    public bool Holds => Runtime is null || LargestDifference <= Tolerance;

    internal static ExportCheck None(string reason) => new(null, reason, 0, double.NaN, double.NaN);
}
