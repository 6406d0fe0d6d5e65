using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>
/// What a classifier is to decide: how many logits it has, what loss trains them, how they become probabilities and a label, and how the result is judged.
/// </summary>
public abstract class ClassificationTask
{
    private protected ClassificationTask(IReadOnlyList<string> labels) => Labels = labels;

    /// <summary>The name that beret.json and the options use: "binary" or "multi-class".</summary>
    public abstract string Name { get; }

    /// <summary>The labels in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The number of logits, K.</summary>
    public abstract int Outputs { get; }

    internal abstract Loss Loss { get; }

    /// <summary>The task that labels ask for: two are binary, with one logit as in the tutorial, more are classes.</summary>
    /// <param name="labels">At least two different names.</param>
    /// <param name="name">Forces a task: "binary" or "multi-class"; null or "auto" infers it.</param>
    /// <exception cref="BeretException">There is no such task, or it cannot have that many labels.</exception>
    public static ClassificationTask For(IReadOnlyList<string> labels, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count < 2)
        {
            throw new BeretException($"a classifier needs at least two labels, and there is only {(labels.Count == 0 ? "none" : $"\"{labels[0]}\"")}");
        }

        return name switch
        {
            null or "auto" => labels.Count == 2 ? new BinaryTask(labels) : new MultiClassTask(labels),
            "binary" when labels.Count == 2 => new BinaryTask(labels),
            "binary" => throw new BeretException($"a binary task has two labels, and the data has {labels.Count}: {string.Join(", ", labels.Take(10))}"),
            "multi-class" => new MultiClassTask(labels),
            _ => throw new BeretException($"there is no task \"{name}\"; it can be auto, binary or multi-class"),
        };
    }

    /// <summary>The probability of each label, given the logits of one text.</summary>
    /// <param name="logits">K logits.</param>
    /// <param name="probabilities">One place for each label; they sum to 1.</param>
    public abstract void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities);

    /// <summary>The number of the label that the logits of one text stand for.</summary>
    public abstract int Decide(ReadOnlySpan<float> logits);

    /// <summary>Judges the logits of many texts, [n, K] row by row, against their labels' numbers.</summary>
    public abstract EvaluationResult Evaluate(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits);

    /// <summary>The loss's targets for labels' numbers: one number for each logit, or the class number.</summary>
    internal abstract void WriteTargets(ReadOnlySpan<int> labels, Span<float> targets);

    /// <summary>The floats of one text's target.</summary>
    internal virtual int TargetSize => 1;
}
