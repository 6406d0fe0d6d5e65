using Beret.Data;
using Beret.Inference;

namespace Beret.Training.Teachers;

/// <summary>
/// What a student learns from beside labels (Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015): a trained classifier, whose logits it is to
/// have, for the labelled texts and for others. <see cref="TrainingRecipe.Temperature"/> and <see cref="TrainingRecipe.Alpha"/> say how.
/// </summary>
public sealed record Teacher
{
    /// <summary>The classifier, as <see cref="Classifier.Load"/> takes it. It decides on task and labels, and reads texts as it was trained to, whatever the student does.</summary>
    public required string Folder { get; init; }

    /// <summary>What the teacher is called: the name or path by which it was asked for.</summary>
    public required string Name { get; init; }

    /// <summary>Texts of which only the teacher says something; may be none.</summary>
    public IReadOnlyList<TextSource> Unlabelled { get; init; } = [];

    /// <summary>What they are called, to be asked for again.</summary>
    public IReadOnlyList<string> UnlabelledNames { get; init; } = [];
}
