using Beret.Checkpoints;
using Beret.Data;
using Beret.Inference;
using Beret.Models;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Training;

/// <summary>The classifier that a model brings: an earlier run's, or one from elsewhere. It goes on where the texts ask for what it already decides.</summary>
/// <param name="Task">What it decides.</param>
internal sealed record KnownClassifier(ClassificationTask Task)
{
    /// <summary>That of a model; null where it has none, or none whose labels have names (LABEL_0 is none): such a one goes on wherever it has as many outputs.</summary>
    /// <exception cref="BeretException">The weights are missing or damaged.</exception>
    public static KnownClassifier? Of(ModelFiles files, Tokenizer tokenizer)
    {
        if (files.Written is { } written)
        {
            return new KnownClassifier(written.ClassificationTask);
        }

        using var weights = files.OpenWeights();
        return files.Config.Labels is { } names && ModelLoader.StoredOutputs(weights, files.Config.Family.Adapt(files.Config, weights)) == names.Count
            && names.Distinct(StringComparer.Ordinal).Count() == names.Count && !names.Index().All(name => name.Item == $"LABEL_{name.Index}")
            ? new KnownClassifier(files.Describe(names.Count, tokenizer).ClassificationTask)
            : null;
    }

    /// <summary>The texts by its labels, in its order; null where they ask for something else.</summary>
    /// <param name="texts">Texts with any labels.</param>
    /// <param name="recipe">May name a task.</param>
    public LabelledTexts? Relabel(LabelledTexts texts, TrainingRecipe recipe)
    {
        var kind = TaskNames.KindOf(recipe.Task) ?? texts.Kind;
        return (recipe.Task == "auto" ? kind == Task.Kind : recipe.Task == Task.Name)
            && (kind == LabelKind.Number || texts.Labels.Where((_, label) => texts.Counts[label] > 0).All(Task.Labels.Contains))
            ? texts.As(kind).WithLabels(Task.Labels)
            : null;
    }

    /// <summary>Whether it decides exactly what a task does, output by output.</summary>
    public bool Is(ClassificationTask task) => task.Name == Task.Name && (task.Kind == LabelKind.Number || task.Labels.SequenceEqual(Task.Labels));
}
