namespace Beret.Onnx;

/// <summary>A model cannot be exported as asked.</summary>
public sealed class OnnxException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public OnnxException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public OnnxException(string message, Exception? inner) : base(message, inner)
    {
    }
}
