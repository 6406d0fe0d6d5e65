namespace Beret.Pipelines;

/// <summary>A stage of a <see cref="StagedTrainer"/>'s run.</summary>
public enum TrainingStage
{
    /// <summary>The encoder goes on with masked language modelling on the task's own texts.</summary>
    Pretrain,

    /// <summary>A classifier is fine-tuned on all pieces of long texts.</summary>
    Chunks,

    /// <summary>A classifier is fine-tuned.</summary>
    FineTune,

    /// <summary>A smaller encoder learns what the classifier knows.</summary>
    Distil,

    /// <summary>The last classifier is written in int8.</summary>
    Quantize,
}

/// <summary>Stages by their names.</summary>
public static class TrainingStages
{
    private static readonly string[] Names = ["pretrain", "chunks", "finetune", "distil", "quantize"];

    /// <summary>All of them, as a user writes them.</summary>
    public static string All => string.Join(',', Names);

    /// <summary>The stage's name, which is that of its folder too.</summary>
    public static string Format(this TrainingStage stage) => Names[(int)stage];

    /// <summary>Reads some of "pretrain,chunks,finetune,distil,quantize", in this order.</summary>
    /// <exception cref="PipelineException">There is another word, another order, or no finetune.</exception>
    public static IReadOnlyList<TrainingStage> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var stages = text.Split(',', StringSplitOptions.TrimEntries).Select(Find).ToList();
        if (stages.Zip(stages.Skip(1)).Any(pair => pair.First >= pair.Second) || !stages.Contains(TrainingStage.FineTune))
        {
            throw new PipelineException($"--stages is \"{text}\"; it has to be some of {All}, each once and in this order, finetune among them");
        }

        return stages;
    }

    internal static TrainingStage Find(string name) => Array.IndexOf(Names, name) is >= 0 and var index
        ? (TrainingStage)index
        : throw new PipelineException($"there is no stage \"{name}\"; the stages are {string.Join(", ", Names)}");
}
