namespace Beret;

/// <summary>
/// The base of every error that bad input or a bad environment can cause. The message says what is wrong, where (file, line or tensor)
/// and what to do; a program prints it and needs no stack trace.
/// </summary>
public class BeretException : Exception
{
    /// <summary>Creates the error with its message.</summary>
    public BeretException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public BeretException(string message, Exception? inner) : base(message, inner)
    {
    }
}
