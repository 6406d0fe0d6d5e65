namespace Beret.Evaluation;

/// <summary>What every evaluation asks of its input.</summary>
internal static class InputChecks
{
    public static void Check(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits, int classes, int logitsPerExample)
    {
        if ((long)labels.Length * logitsPerExample != logits.Length)
        {
            throw new ArgumentException($"{labels.Length} labels need {(long)labels.Length * logitsPerExample} logits, but there are {logits.Length}", nameof(logits));
        }

        RequireSome(labels.Length);
        for (var i = 0; i < labels.Length; i++)
        {
            if ((uint)labels[i] >= (uint)classes)
            {
                throw new EvaluationException($"example {i} has the label {labels[i]}, but the classes are numbered 0 to {classes - 1}: was the data labelled for another model?");
            }
        }

        RequireFinite(logits, logitsPerExample);
    }

    public static void RequireSome(int examples)
    {
        if (examples == 0)
        {
            throw new EvaluationException("there is no example to evaluate: check that the split or file named is not empty");
        }
    }

    public static void RequireFinite(ReadOnlySpan<float> logits, int logitsPerExample)
    {
        for (var i = 0; i < logits.Length; i++)
        {
            if (!float.IsFinite(logits[i]))
            {
                throw new EvaluationException(
                    $"the model gave {(float.IsNaN(logits[i]) ? "NaN" : "an infinite logit")} for example {i / logitsPerExample}: its weights have diverged; train again with a lower learning rate");
            }
        }
    }
}
