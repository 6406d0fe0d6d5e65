namespace Beret.Pipelines;

/// <summary>A pipeline was asked for what it cannot do, or cannot go on. The message says why, and what to do.</summary>
public sealed class PipelineException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public PipelineException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public PipelineException(string message, Exception? inner) : base(message, inner)
    {
    }
}
