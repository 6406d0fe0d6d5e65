namespace Beret.Text;

/// <summary>A vocabulary or tokenizer setting that cannot be used, or a text that cannot be packed as asked.</summary>
public class TokenizerException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public TokenizerException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public TokenizerException(string message, Exception? inner) : base(message, inner)
    {
    }
}
