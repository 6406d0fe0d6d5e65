using Beret.Checkpoints;
using Beret.Data;
using Beret.Hub;
using Beret.Training.Runs;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>What a run works on.</summary>
public sealed record TrainingJob
{
    /// <summary>The pretrained encoder: a folder with config.json, weights and vocabulary, or a model of TensorFlow in any form.</summary>
    public required string ModelFolder { get; init; }

    /// <summary>What the encoder is called: a name, or the path of its folder, of which reports show the last part.</summary>
    public required string ModelName { get; init; }

    /// <summary>
    /// Where the encoder's definition comes from, as <see cref="ResolvedModel.Source"/> tells it: the form of GELU, the padding row and the tokenization go by it,
    /// unless the folder was written by Beret and says them itself.
    /// </summary>
    public ModelSource Source { get; init; }

    /// <summary>The training texts; a part of them is set aside for validation unless <see cref="Validation"/> is given. With a teacher there may be none.</summary>
    public required LabelledTexts Data { get; init; }

    /// <summary>Validation texts of their own, or null.</summary>
    public LabelledTexts? Validation { get; init; }

    /// <summary>Texts that the finished model is evaluated on, before it is let go, or null.</summary>
    public LabelledTexts? Test { get; init; }

    /// <summary>The classifier that the model is to learn from beside the labels, or null.</summary>
    public Teacher? Teacher { get; init; }

    /// <summary>What the data is called; "" where there are only texts without labels.</summary>
    public required string DataName { get; init; }

    /// <summary>The folder that the model is written to.</summary>
    public required string Output { get; init; }

    /// <summary>How to train.</summary>
    public TrainingRecipe Recipe { get; init; } = new();

    /// <summary>Go on with the interrupted run in <see cref="Output"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>Replace what is in <see cref="Output"/>.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Write what TensorBoard shows, below <c>tensorboard</c> in <see cref="Output"/>.</summary>
    public bool HasTensorBoard { get; init; }

    /// <summary>How the run was asked for on the command line, for whoever wants to repeat it; null where it was not.</summary>
    public RunCommand? Command { get; init; }

    /// <summary>The run that this one repeats, or null: model and texts have to be those that it had.</summary>
    public RunRecord? Repeats { get; init; }

    /// <summary>What the data is called where there is no name for it: its origin.</summary>
    internal string DataTitle => DataName.Length > 0 ? DataName : Data.Origin;

    /// <summary>The encoder's name in reports: a path means nothing on another machine.</summary>
    internal string ModelTitle => TitleOf(ModelName);

    /// <summary>A model's name, or the last part of its path.</summary>
    internal static string TitleOf(string model) => Directory.Exists(model) || File.Exists(model) || CheckpointLocator.IsTensorFlow(model)
        ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)))
        : model;
}
