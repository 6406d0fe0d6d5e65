namespace Beret.Data;

/// <summary>
/// Data that cannot be used: a missing or damaged file, text that is not UTF-8, folders without classes. The message names the file and says what
/// to do.
/// </summary>
public sealed class DataException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public DataException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public DataException(string message, Exception? inner) : base(message, inner)
    {
    }
}
