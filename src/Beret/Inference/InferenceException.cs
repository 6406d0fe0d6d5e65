namespace Beret.Inference;

/// <summary>A model folder cannot be used as it is: beret.json is damaged or of another version, a file was changed, or the task is not one that is predicted.</summary>
public sealed class InferenceException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public InferenceException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public InferenceException(string message, Exception? inner) : base(message, inner)
    {
    }
}
