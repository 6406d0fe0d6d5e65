using Beret.Training;

namespace Beret.Pretraining;

/// <summary>What is known before the first step.</summary>
public sealed record PretrainingPlan
{
    /// <summary>The recipe with its defaults filled in.</summary>
    public required PretrainingRecipe Recipe { get; init; }

    /// <summary>The model's name, as the user gave it.</summary>
    public required string Model { get; init; }

    /// <summary>The architecture and its sizes in a line.</summary>
    public required string Architecture { get; init; }

    /// <summary>The tokenizer in a line.</summary>
    public required string Vocabulary { get; init; }

    /// <summary>The layers that start from random weights; null where all do.</summary>
    public required IReadOnlyList<string>? NewLayers { get; init; }

    /// <summary>The teacher in a line; null without one.</summary>
    public string? Teacher { get; init; }

    /// <summary>The size of the file that the teacher's states are kept in while the run goes on; 0 where they are not.</summary>
    public long TeacherBytes { get; init; }

    /// <summary>Trained numbers.</summary>
    public required long Parameters { get; init; }

    /// <summary>Texts read.</summary>
    public required long Texts { get; init; }

    /// <summary>Tokens to train on, [CLS] and [SEP] not counted.</summary>
    public required long Tokens { get; init; }

    /// <summary>Sequences to train on.</summary>
    public required int Sequences { get; init; }

    /// <summary>Tokens held out.</summary>
    public required long HeldOutTokens { get; init; }

    /// <summary>The memory that the run will need.</summary>
    public required MemoryPlan Memory { get; init; }

    /// <summary>Steps of the whole run.</summary>
    public required int Steps { get; init; }

    /// <summary>Steps between two judgements.</summary>
    public required int ValidateEvery { get; init; }

    /// <summary>Where the run goes on: the steps that are already done.</summary>
    public required int StepsDone { get; init; }
}

/// <summary>A finished or interrupted run.</summary>
public sealed record PretrainingSummary
{
    /// <summary>What was known before the first step.</summary>
    public required PretrainingPlan Plan { get; init; }

    /// <summary>The judgements: loss and accuracy since the last one, and on the held-out texts where there are any.</summary>
    public required IReadOnlyList<TrainingPoint> Points { get; init; }

    /// <summary>Whether the run was interrupted; it can go on.</summary>
    public required bool IsInterrupted { get; init; }

    /// <summary>Steps done.</summary>
    public required int Steps { get; init; }

    /// <summary>Seconds of training, all sessions together.</summary>
    public required double Seconds { get; init; }

    /// <summary>The folder of the model.</summary>
    public required string Folder { get; init; }
}

/// <summary>Is told what a run does; every method does nothing unless overridden. Calls come from the thread that trains.</summary>
public abstract class PretrainingCallbacks
{
    /// <summary>The texts are being tokenized.</summary>
    public virtual void Tokenizing(CorpusProgress progress)
    {
    }

    /// <summary>All is ready; the first step follows.</summary>
    public virtual void Starting(PretrainingPlan plan)
    {
    }

    /// <summary>A step is done; its loss and accuracy are means since the last judgement.</summary>
    public virtual void Stepped(in TrainingProgress progress)
    {
    }

    /// <summary>Held-out sequences are being judged.</summary>
    public virtual void Validating(int done, int total)
    {
    }

    /// <summary>The model was judged and written.</summary>
    public virtual void Reached(TrainingPoint point)
    {
    }

    /// <summary>Something that the user should know: a checkpoint is lost, say.</summary>
    public virtual void Noticed(string message)
    {
    }
}
