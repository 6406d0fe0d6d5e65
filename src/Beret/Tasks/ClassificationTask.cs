using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>
/// What a classifier is to decide: how many logits it has, what loss trains them, how they become probabilities and a label, and how the result is judged.
/// </summary>
public abstract class ClassificationTask
{
    private protected ClassificationTask(IReadOnlyList<string> labels) => Labels = labels;

    /// <summary>The name that beret.json and the options use: one of <see cref="TaskNames"/>.</summary>
    public abstract string Name { get; }

    /// <summary>The labels in the order of their numbers.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The number of logits, K.</summary>
    public abstract int Outputs { get; }

    internal abstract Loss Loss { get; }

    /// <summary>Whether the task can be neither trained nor evaluated here.</summary>
    internal virtual bool IsPredictedOnly => false;

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
            TaskNames.Binary when labels.Count == 2 => new BinaryTask(labels),
            TaskNames.Binary => throw new BeretException($"a binary task has two labels, and the data has {labels.Count}: {string.Join(", ", labels.Take(10))}"),
            TaskNames.MultiClass => new MultiClassTask(labels),
            _ => throw new BeretException($"there is no task \"{name}\"; it can be auto, binary or multi-class"),
        };
    }

    /// <summary>The task of a model that is there, by its name in beret.json.</summary>
    /// <exception cref="BeretException">There is no such task, or it cannot have that many labels.</exception>
    internal static ClassificationTask Named(string name, IReadOnlyList<string> labels) => name switch
    {
        TaskNames.Binary when labels.Count == 2 => new BinaryTask(labels),
        TaskNames.MultiClass when labels.Count >= 2 => new MultiClassTask(labels),
        TaskNames.MultiLabel when labels.Count >= 1 => new MultiLabelTask(labels),
        TaskNames.Binary => throw new BeretException($"a {name} task has two labels, not {labels.Count}"),
        TaskNames.MultiClass or TaskNames.MultiLabel =>
            throw new BeretException($"a {name} task has at least {(name == TaskNames.MultiClass ? 2 : 1)} labels, not {labels.Count}"),
        _ => throw new BeretException($"this version knows the tasks {TaskNames.Binary}, {TaskNames.MultiClass} and {TaskNames.MultiLabel}"),
    };

    /// <summary>The probability of each label, given the logits of one text.</summary>
    /// <param name="logits">K logits.</param>
    /// <param name="probabilities">One place for each label; of a binary or multi-class task they sum to 1.</param>
    public abstract void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities);

    /// <summary>The number of the label that the logits of one text stand for.</summary>
    public abstract int Decide(ReadOnlySpan<float> logits);

    /// <summary>The one number that a prediction is told by: the probability of the label that was decided for.</summary>
    internal virtual double Score(ReadOnlySpan<double> probabilities, int label) => probabilities[label];

    /// <summary>Judges the logits of many texts, [n, K] row by row, against their labels' numbers.</summary>
    public abstract EvaluationResult Evaluate(ReadOnlySpan<int> labels, ReadOnlySpan<float> logits);

    /// <summary>The loss's targets for labels' numbers: one number for each logit, or the class number.</summary>
    internal virtual void WriteTargets(ReadOnlySpan<int> labels, Span<float> targets)
    {
        for (var i = 0; i < labels.Length; i++)
        {
            targets[i] = labels[i];
        }
    }

    /// <summary>The floats of one text's target.</summary>
    internal virtual int TargetSize => 1;
}
