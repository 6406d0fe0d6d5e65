namespace Beret.Evaluation;

/// <summary>The labels or logits handed to an evaluation cannot be evaluated; the message names the example and what to do.</summary>
public sealed class EvaluationException : BeretException
{
    /// <summary>Creates the error with its message.</summary>
    public EvaluationException(string message) : base(message)
    {
    }
}
