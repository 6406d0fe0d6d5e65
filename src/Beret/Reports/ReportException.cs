namespace Beret.Reports;

/// <summary>What is to be drawn or written does not hold together; the message names the part and what to do.</summary>
public sealed class ReportException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public ReportException(string message) : base(message)
    {
    }
}
