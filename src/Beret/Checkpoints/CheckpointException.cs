using System.Text;

namespace Beret.Checkpoints;

/// <summary>A file of weights is missing, damaged, hostile, or does not hold what was asked of it. The message names the file and the tensor.</summary>
public sealed class CheckpointException : BeretException
{
    private const int LongestQuote = 120;

    /// <summary>Creates the error with its message.</summary>
    public CheckpointException(string message) : base(message)
    {
    }

    /// <summary>Creates the error with its message and the exception that caused it.</summary>
    public CheckpointException(string message, Exception? inner) : base(message, inner)
    {
    }

    /// <summary>A name from a file as a message may show it: cut to a readable length, control characters (which could drive a terminal) escaped.</summary>
    internal static string Quote(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, LongestQuote)))
        {
            if (char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'))
            {
                quoted.Append($"\\u{(int)c:X4}");
            }
            else
            {
                quoted.Append(c);
            }
        }

        return quoted.Append(text.Length > LongestQuote ? "…'" : "'").ToString();
    }
}
