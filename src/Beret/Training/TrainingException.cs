namespace Beret.Training;

/// <summary>A run cannot start, cannot go on, or came to nothing; the message says what to try.</summary>
public sealed class TrainingException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public TrainingException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public TrainingException(string message, Exception? inner) : base(message, inner)
    {
    }
}
