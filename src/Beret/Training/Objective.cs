using Beret.Data;
using Beret.Numerics;
using Beret.Tasks;

namespace Beret.Training;

/// <summary>What training minimises over labels: the task's own loss, or one in which labels are weighted, smoothed or focused on.</summary>
internal abstract class Objective
{
    /// <summary>The loss of an example.</summary>
    public abstract Loss Loss { get; }

    /// <summary>γ of a weighted loss.</summary>
    public virtual double Focus => 0;

    /// <summary>The floats of one text's target.</summary>
    public abstract int TargetSize { get; }

    /// <summary>What a text counts for in the mean over the texts of a step.</summary>
    public virtual double WeightOf(Example text) => 1;

    /// <summary>The loss of a model that guesses by the labels' shares.</summary>
    public abstract double ChanceLoss { get; }

    /// <summary>The loss's target for a text, by a factor.</summary>
    public abstract void WriteTarget(Example text, Span<float> target, double factor);

    /// <summary>What a recipe makes of a task.</summary>
    /// <param name="recipe">Its weights, smoothing and focus.</param>
    /// <param name="task">The task.</param>
    /// <param name="texts">Those that are learned from, by whose labels weights are balanced.</param>
    /// <exception cref="TrainingException">The task has no labels to weigh, smooth or focus on, or the recipe names others.</exception>
    public static Objective For(TrainingRecipe recipe, ClassificationTask task, LabelledTexts texts)
    {
        if (recipe.ClassWeights.IsNone && recipe.LabelSmoothing == 0 && recipe.FocalGamma == 0)
        {
            return new TaskObjective(task, texts);
        }

        return task.Kind != LabelKind.Number ? new WeightedObjective(recipe, task, texts) : throw new TrainingException(
            $"--{(!recipe.ClassWeights.IsNone ? "class-weights" : recipe.LabelSmoothing > 0 ? "label-smoothing" : "focal-gamma")} says something of labels, and a regression has numbers: leave it out");
    }
}

/// <summary>The task's own loss.</summary>
internal sealed class TaskObjective(ClassificationTask task, LabelledTexts texts) : Objective
{
    public override Loss Loss => task.Loss;

    public override int TargetSize => task.TargetSize;

    public override double ChanceLoss => task.ChanceLoss(texts);

    public override void WriteTarget(Example text, Span<float> target, double factor) => task.WriteTarget(text, target);
}

/// <summary>
/// Labels weighted by w, smoothed by ε and focused on by γ. Of K classes, of which a text has y: Σ tₖ wₖ (1 − pₖ)^γ (−ln pₖ) with tₖ = (1 − ε)[k = y] + ε/K, and the mean over a step's texts is
/// weighted by w of their classes, as in PyTorch's CrossEntropyLoss (a binary task has two classes, with the one logit their difference). Of a multi-label task, for each label by itself with t = (1 − ε)y + ε/2,
/// t w (1 − p)^γ (−ln p) + (1 − t) p^γ (−ln(1 − p)), where w is the pos_weight of PyTorch's BCEWithLogitsLoss; the plain mean. Smoothing: Szegedy et al., "Rethinking the Inception
/// Architecture for Computer Vision", 2016, §7. Focus: Lin et al., "Focal Loss for Dense Object Detection", 2017.
/// </summary>
internal sealed class WeightedObjective : Objective
{
    private readonly ClassificationTask task;
    private readonly LabelledTexts texts;
    private readonly double[] weights;
    private readonly double smoothing;

    public WeightedObjective(TrainingRecipe recipe, ClassificationTask task, LabelledTexts texts)
    {
        this.task = task;
        this.texts = texts;
        weights = recipe.ClassWeights.Of(texts);
        smoothing = recipe.LabelSmoothing;
        Focus = recipe.FocalGamma;
        Loss = task.Loss == Loss.CrossEntropy ? Loss.WeightedCrossEntropy : Loss.WeightedBinaryCrossEntropy;
    }

    public override Loss Loss { get; }

    public override double Focus { get; }

    public override int TargetSize => Loss.TargetColumns(task.Outputs);

    /// <summary>The weights in the order of the labels.</summary>
    public IReadOnlyList<double> Weights => weights;

    public override double WeightOf(Example text) => task.Kind == LabelKind.Class ? weights[text.Label] : 1;

    /// <summary>Of each softmax, or each yes or no, the weighted shares of its outcomes for their probabilities.</summary>
    public override double ChanceLoss
    {
        get
        {
            var (sums, target, weight) = (new double[TargetSize], new float[TargetSize], 0.0);
            foreach (var text in texts.Examples)
            {
                WriteTarget(text, target, 1);
                weight += WeightOf(text);
                for (var k = 0; k < sums.Length; k++)
                {
                    sums[k] += target[k];
                }
            }

            var choices = sums.Chunk(Loss.IsOfClasses() ? sums.Length : 2).ToList();
            return choices.Sum(Guess) / choices.Count / weight;
        }
    }

    public override void WriteTarget(Example text, Span<float> target, double factor)
    {
        if (task.Kind == LabelKind.Class)
        {
            for (var k = 0; k < weights.Length; k++)
            {
                target[k] = (float)(factor * weights[k] * Smooth(k == text.Label, weights.Length));
            }

            return;
        }

        for (var k = 0; k < weights.Length; k++)
        {
            WriteAnswer(k, Smooth(isRight: false, outcomes: 2), target, factor);
        }

        for (var i = 0; i < text.Labels.Count; i++)
        {
            WriteAnswer(text.Labels[i], Smooth(isRight: true, outcomes: 2), target, factor);
        }
    }

    private void WriteAnswer(int label, double yes, Span<float> target, double factor) =>
        (target[2 * label], target[2 * label + 1]) = ((float)(factor * (1 - yes)), (float)(factor * weights[label] * yes));

    private double Guess(double[] outcomes)
    {
        var whole = outcomes.Sum();
        return outcomes.Where(sum => sum > 0).Sum(sum => -sum * Math.Pow(1 - sum / whole, Focus) * Math.Log(sum / whole));
    }

    private double Smooth(bool isRight, int outcomes) => (isRight ? 1 - smoothing : 0) + smoothing / outcomes;
}
