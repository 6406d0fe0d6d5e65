namespace Beret.Batches;

/// <summary>A file cannot be answered as it was asked: an output that is there, a state of other work, a form that cannot hold the answers.</summary>
public sealed class BatchException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public BatchException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public BatchException(string message, Exception? inner) : base(message, inner)
    {
    }
}
