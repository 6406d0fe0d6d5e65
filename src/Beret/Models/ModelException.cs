namespace Beret.Models;

/// <summary>A model's configuration or weights are not what the architecture needs, or an input does not fit the model.</summary>
public sealed class ModelException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public ModelException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public ModelException(string message, Exception? inner) : base(message, inner)
    {
    }
}
