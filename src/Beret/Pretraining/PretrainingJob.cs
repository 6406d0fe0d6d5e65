using Beret.Data;
using Beret.Hub;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pretraining;

/// <summary>What a pre-training run works on: a checkpoint, or a configuration and a vocabulary.</summary>
public sealed record PretrainingJob
{
    /// <summary>The model to go on with, as a folder or checkpoint; null for one from nothing.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>Where that model's definition comes from.</summary>
    public ModelSource Source { get; init; }

    /// <summary>The config.json of a model from nothing; null where there is a model.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>The vocabulary of a model from nothing: vocab.txt, a SentencePiece model, or a folder with a tokenizer.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>An encoder whose hidden states are learnt beside the hidden tokens, as a folder or checkpoint; null for none.</summary>
    public string? TeacherFolder { get; init; }

    /// <summary>Where that model's definition comes from.</summary>
    public ModelSource TeacherSource { get; init; }

    /// <summary>What it is called: as the user gave it.</summary>
    public string? TeacherName { get; init; }

    /// <summary>What the model is called, or the configuration: as the user gave it.</summary>
    public required string ModelName { get; init; }

    /// <summary>The texts.</summary>
    public required IReadOnlyList<TextSource> Texts { get; init; }

    /// <summary>What the texts are called: as the user gave them.</summary>
    public required IReadOnlyList<string> TextNames { get; init; }

    /// <summary>The folder that the model is written to.</summary>
    public required string Output { get; init; }

    /// <summary>How to train.</summary>
    public PretrainingRecipe Recipe { get; init; } = new();

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
}
