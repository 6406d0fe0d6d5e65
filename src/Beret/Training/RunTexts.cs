using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Beret.Data;
using Beret.Inference;
using Beret.Tasks;

namespace Beret.Training;

/// <summary>The texts of a run.</summary>
/// <param name="Task">What is to be decided about them.</param>
/// <param name="Training">Those with labels that are learned from.</param>
/// <param name="Validation">Those that the model is judged on, or null.</param>
/// <param name="Unlabelled">Those that only a teacher says something of; their label is <see cref="NoLabel"/>.</param>
internal sealed record RunTexts(ClassificationTask Task, LabelledTexts Training, LabelledTexts? Validation, IReadOnlyList<Example> Unlabelled)
{
    public const int NoLabel = -1;

    private string? fingerprint;

    /// <summary>All that are learned from: labelled ones, then unlabelled ones.</summary>
    public IReadOnlyList<Example> Learned { get; } = Unlabelled.Count == 0 ? Training.Examples : [.. Training.Examples, .. Unlabelled];

    /// <summary>Whether a text that is learned from has a label.</summary>
    /// <param name="text">Its number in <see cref="Learned"/>.</param>
    public bool HasLabel(int text) => text < Training.Examples.Count;

    /// <summary>SHA-256 over what is learned from, in order.</summary>
    public string Fingerprint => fingerprint ??= Unlabelled.Count == 0 ? Training.Fingerprint : FingerprintOf(Training.Fingerprint, Unlabelled);

    /// <summary>The texts of a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="teacher">The classifier that teaches, or null.</param>
    /// <param name="known">The classifier that the model brings, or null: where the texts ask for what it decides, its labels are the run's.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="BeretException">Labels, task and teacher do not fit together, or there is no text.</exception>
    public static RunTexts Of(TrainingJob job, Classifier? teacher, KnownClassifier? known, CancellationToken cancellation)
    {
        if (teacher is null)
        {
            return known?.Relabel(job.Data, job.Recipe) is { } same
                ? Of(same, job.Validation, job.Recipe with { Task = known.Task.Name })
                : Of(job.Data, job.Validation, job.Recipe);
        }

        var task = TaskOf(teacher, job);
        Example[] unlabelled =
        [
            .. job.Teacher!.Unlabelled.SelectMany(source => source.Read(cancellation), (source, text) => new Example(text, null, NoLabel, source.Origin)),
        ];
        if (unlabelled.Length == 0 && job.Data.Examples.Count == 0)
        {
            throw new TrainingException("there is no text for the student to learn from, with a label or without");
        }

        var (training, validation) = Split(Relabelled(job.Data, task, job), job.Validation is { } own ? Relabelled(own, task, job) : null, job.Recipe);
        return new RunTexts(task, training, validation, unlabelled);
    }

    /// <summary>Labelled texts by themselves.</summary>
    /// <param name="data">Those to learn from, and, without others, to be judged on.</param>
    /// <param name="validation">Those to be judged on, or null.</param>
    /// <param name="recipe">Says what the task is and how the texts are split.</param>
    /// <exception cref="BeretException">Labels and task do not fit together, or there is no text.</exception>
    public static RunTexts Of(LabelledTexts data, LabelledTexts? validation, TrainingRecipe recipe)
    {
        var kind = TaskNames.KindOf(recipe.Task) ?? data.Kind;
        var (training, judged) = Split(data.As(kind), validation?.As(kind), recipe);
        return new RunTexts(ClassificationTask.For(training.Labels, recipe.Task, kind), training, judged, []);
    }

    private static ClassificationTask TaskOf(Classifier teacher, TrainingJob job)
    {
        var task = teacher.Description.ClassificationTask;
        if (task.Kind == LabelKind.Number)
        {
            throw new TrainingException($"the teacher {job.Teacher!.Name} is a {task.Name}; classifiers can teach, for what a student learns are probabilities");
        }

        return job.Recipe.Task is "auto" || job.Recipe.Task == task.Name
            ? task
            : throw new TrainingException($"--task is {job.Recipe.Task}, but the teacher {job.Teacher!.Name} is a {task.Name} model: a student has its teacher's task");
    }

    /// <summary>Labels are the teacher's, in the teacher's order.</summary>
    private static LabelledTexts Relabelled(LabelledTexts texts, ClassificationTask task, TrainingJob job) =>
        texts.Labels.Where((_, label) => texts.Counts[label] > 0).All(task.Labels.Contains)
            ? texts.As(task.Kind).WithLabels(task.Labels)
            : throw new TrainingException(
                $"the teacher {job.Teacher!.Name} tells {Names(task.Labels)} apart, and the texts of {texts.Origin} are labelled {Names(texts.Labels)}: "
                + "a student has its teacher's labels; take a teacher that was trained on these");

    private static string Names(IReadOnlyList<string> labels) => string.Join(", ", labels.Take(10)) + (labels.Count > 10 ? ", …" : "");

    /// <summary>The texts that are learned from and those that are judged on: others that are given, or a part set aside, or none.</summary>
    internal static (LabelledTexts Training, LabelledTexts? Validation) Split(LabelledTexts data, LabelledTexts? validation, TrainingRecipe recipe) =>
        validation is not null ? (data, validation.WithLabels(data.Labels))
        : recipe.ValidationSplit == 0 || data.Examples.Count == 0 ? (data, null)
        : DatasetSplit.Of(data, recipe.Split, recipe.ValidationSplit, recipe.Seed);

    private static string FingerprintOf(string labelled, IEnumerable<Example> unlabelled)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(labelled));
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var example in unlabelled)
        {
            // Its length first, so that no two lists of texts give the same bytes; UTF-16, as the labelled ones.
            BinaryPrimitives.WriteInt32LittleEndian(length, example.Text.Length);
            hash.AppendData(length);
            hash.AppendData(MemoryMarshal.AsBytes(example.Text.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
