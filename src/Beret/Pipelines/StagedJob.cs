using Beret.Data;
using Beret.Hub;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pipelines;

/// <summary>What a staged run works on.</summary>
public sealed record StagedJob
{
    /// <summary>The pretrained encoder.</summary>
    public required ResolvedModel Model { get; init; }

    /// <summary>The encoder that learns from the classifier; null where there is no such stage.</summary>
    public ResolvedModel? Student { get; init; }

    /// <summary>The labelled texts, of which a part is set aside to judge every stage on, unless <see cref="Validation"/> is given.</summary>
    public required LabelledTexts Data { get; init; }

    /// <summary>What they are called.</summary>
    public required string DataName { get; init; }

    /// <summary>Labelled texts to judge every stage on, or null.</summary>
    public LabelledTexts? Validation { get; init; }

    /// <summary>More texts, for the stages that need no labels: pre-training and distillation.</summary>
    public IReadOnlyList<TextSource> Unlabelled { get; init; } = [];

    /// <summary>What those are called.</summary>
    public IReadOnlyList<string> UnlabelledNames { get; init; } = [];

    /// <summary>The folder of the run; each stage has its own below it.</summary>
    public required string Output { get; init; }

    /// <summary>The stages, and how each is trained.</summary>
    public required StagedRecipe Recipe { get; init; }

    /// <summary>Go on with the run in <see cref="Output"/>, from where it was interrupted or failed.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace the run in <see cref="Output"/>.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Write what TensorBoard shows, below <c>tensorboard</c> in the folder of each stage that is trained.</summary>
    public bool HasTensorBoard { get; init; }

    /// <summary>How the run was asked for on the command line, for whoever wants to repeat it; null where it was not.</summary>
    public RunCommand? Command { get; init; }

    /// <summary>The folder of the run that this one repeats, or null: model and texts have to be those that it had.</summary>
    public string? Repeats { get; init; }

    /// <summary>The folder of a stage.</summary>
    internal string FolderOf(TrainingStage stage) => Path.Combine(Output, stage.Format());
}
