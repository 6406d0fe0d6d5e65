using Beret.Data;
using Beret.Evaluation;
using Beret.Numerics;

namespace Beret.Tasks;

/// <summary>
/// What a model is to say of a text: how many logits it has, what loss trains them, how they become probabilities and a label (or, of a regression, a number), and how
/// the result is judged.
/// </summary>
public abstract class ClassificationTask
{
    private protected ClassificationTask(IReadOnlyList<string> labels) => Labels = labels;

    /// <summary>The name that beret.json and the options use: one of <see cref="TaskNames"/>.</summary>
    public abstract string Name { get; }

    /// <summary>The labels in the order of their numbers; of a regression the one name of its number.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The number of logits, K.</summary>
    public abstract int Outputs { get; }

    /// <summary>What the texts are labelled with.</summary>
    public virtual LabelKind Kind => LabelKind.Class;

    internal abstract Loss Loss { get; }

    /// <summary>The key of the figure that a run is told by, and its best model kept by: <see cref="EvaluationResult.Headline"/>.</summary>
    internal virtual string Headline => "accuracy";

    /// <summary>The floats of one text's target.</summary>
    internal virtual int TargetSize => 1;

    /// <summary>The task that labels ask for: two classes are binary, with one logit as in the tutorial, more are multi-class, sets of labels are multi-label, and numbers a regression.</summary>
    /// <param name="labels">Different names, as many as the task has.</param>
    /// <param name="name">Forces a task, one of <see cref="TaskNames"/>; null or "auto" infers it.</param>
    /// <param name="kind">What the texts are labelled with.</param>
    /// <exception cref="BeretException">There is no such task, or it cannot have that many labels.</exception>
    public static ClassificationTask For(IReadOnlyList<string> labels, string? name = null, LabelKind kind = LabelKind.Class)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (kind == LabelKind.Class && labels.Count < 2 && name is not TaskNames.MultiLabel)
        {
            throw new BeretException($"a classifier needs at least two labels, and there is only {(labels.Count == 0 ? "none" : $"\"{labels[0]}\"")}");
        }

        return Named(
            name switch
            {
                null or "auto" => kind switch
                {
                    LabelKind.Class => labels.Count == 2 ? TaskNames.Binary : TaskNames.MultiClass,
                    LabelKind.Set => TaskNames.MultiLabel,
                    _ => TaskNames.Regression,
                },
                TaskNames.Binary when labels.Count != 2 => throw new BeretException($"a binary task has two labels, and the data has {labels.Count}: {string.Join(", ", labels.Take(10))}"),
                _ => name,
            },
            labels);
    }

    /// <summary>The task of a model that is there, by its name in beret.json.</summary>
    /// <exception cref="BeretException">There is no such task, or it cannot have that many labels.</exception>
    internal static ClassificationTask Named(string name, IReadOnlyList<string> labels) => name switch
    {
        TaskNames.Binary when labels.Count == 2 => new BinaryTask(labels),
        TaskNames.MultiClass when labels.Count >= 2 => new MultiClassTask(labels),
        TaskNames.MultiLabel when labels.Count >= 1 => new MultiLabelTask(labels),
        TaskNames.Regression when labels.Count == 1 => new RegressionTask(labels),
        TaskNames.Binary => throw new BeretException($"a {name} task has two labels, not {labels.Count}"),
        TaskNames.Regression => throw new BeretException($"a {name} has one number, not {labels.Count}"),
        TaskNames.MultiClass or TaskNames.MultiLabel =>
            throw new BeretException($"a {name} task has at least {(name == TaskNames.MultiClass ? 2 : 1)} labels, not {labels.Count}"),
        _ => throw new BeretException($"there is no task \"{name}\"; there are {string.Join(", ", TaskNames.All)}"),
    };

    /// <summary>The probability of each label, given the logits of one text.</summary>
    /// <param name="logits">K logits.</param>
    /// <param name="probabilities">One place for each label; of a binary or multi-class task they sum to 1. A regression has none.</param>
    public abstract void Probabilities(ReadOnlySpan<float> logits, Span<double> probabilities);

    /// <summary>The number of the one label that the logits of one text stand for: of a multi-label task the most probable.</summary>
    public abstract int Decide(ReadOnlySpan<float> logits);

    /// <summary>The numbers of all labels that the logits of one text stand for, in rising order: one, but for a multi-label task.</summary>
    public virtual IReadOnlyList<int> DecideAll(ReadOnlySpan<float> logits) => [Decide(logits)];

    /// <summary>Whether two models decide alike about a text.</summary>
    internal virtual bool AgreeOn(ReadOnlySpan<float> logits, ReadOnlySpan<float> others) => Decide(logits) == Decide(others);

    /// <summary>The one number that a prediction is told by: the probability of the label that was decided for; of a regression its number.</summary>
    /// <param name="logits">K logits.</param>
    /// <param name="probabilities">As <see cref="Probabilities"/> gives them.</param>
    internal virtual double Score(ReadOnlySpan<float> logits, ReadOnlySpan<double> probabilities) => probabilities[Decide(logits)];

    /// <summary>Judges the logits of many texts, [n, K] row by row.</summary>
    /// <param name="texts">n texts, labelled by this task's labels.</param>
    /// <param name="logits">The model's answers.</param>
    public abstract EvaluationResult Evaluate(IReadOnlyList<Example> texts, ReadOnlySpan<float> logits);

    /// <summary>The loss's target for a text: one number for each logit, or the class number.</summary>
    internal virtual void WriteTarget(Example text, Span<float> target) => target[0] = text.Label;

    /// <summary>The loss of a model that knows the labels' distribution and nothing of the texts: of classes the entropy of their shares.</summary>
    internal virtual double ChanceLoss(LabelledTexts texts) =>
        -texts.Counts.Where(count => count > 0).Select(count => (double)count / texts.Examples.Count).Sum(share => share * Math.Log(share));

    private protected static int[] Classes(IReadOnlyList<Example> texts) => [.. texts.Select(text => text.Label)];
}
