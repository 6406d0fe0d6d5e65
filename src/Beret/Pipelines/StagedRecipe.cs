using System.Globalization;
using System.Text.Json;
using Beret.Pretraining;
using Beret.Training;

namespace Beret.Pipelines;

/// <summary>Which stages there are, how each is trained, and what each may lose.</summary>
public sealed record StagedRecipe
{
    private const string MaxDropName = "max-drop";

    /// <summary>The stages, in order.</summary>
    public IReadOnlyList<TrainingStage> Stages { get; init; } = [TrainingStage.FineTune];

    /// <summary>Of <see cref="TrainingStage.Pretrain"/>.</summary>
    public PretrainingRecipe Pretraining { get; init; } = new();

    /// <summary>
    /// Of <see cref="TrainingStage.Chunks"/>, whose pieces are of <see cref="TrainingRecipe.MaxLength"/> tokens and have <see cref="TrainingRecipe.WindowOverlap"/> of them in common
    /// with the one before, by default none.
    /// </summary>
    public TrainingRecipe Chunks { get; init; } = new() { Epochs = 1 };

    /// <summary>Of <see cref="TrainingStage.FineTune"/>; its split and seed are those of the texts that all stages are judged on.</summary>
    public TrainingRecipe FineTuning { get; init; } = new();

    /// <summary>Of <see cref="TrainingStage.Distil"/>.</summary>
    public TrainingRecipe Distillation { get; init; } = new();

    /// <summary>The points of accuracy, of 100, that the student may have less than its teacher.</summary>
    public double DistilMaxDrop { get; init; } = 2;

    /// <summary>The points of accuracy, of 100, that the int8 model may have less than the one it is made from.</summary>
    public double QuantizeMaxDrop { get; init; } = 0.5;

    /// <summary>
    /// The recipe with one setting of one stage changed: <c>pretrain.steps=2000</c>, <c>distil.epochs=8</c>, <c>quantize.max-drop=1</c>. The settings are the options of
    /// <c>beret pretrain</c>, <c>beret train</c> and <c>beret distil</c>; distil and quantize have <c>max-drop</c> too.
    /// </summary>
    /// <exception cref="BeretException">There is no such stage or setting, or it has no such value.</exception>
    public StagedRecipe Set(string assignment)
    {
        ArgumentNullException.ThrowIfNull(assignment);
        if (assignment.Split('=', 2) is not [var place, var value] || place.Split('.', 2) is not [var stage, var name])
        {
            throw new PipelineException($"\"{assignment}\" is no setting of a stage: it has to be STAGE.NAME=VALUE, such as distil.epochs=8");
        }

        return (TrainingStages.Find(stage), name) switch
        {
            (TrainingStage.Distil, MaxDropName) => this with { DistilMaxDrop = Points(value, place) },
            (TrainingStage.Quantize, MaxDropName) => this with { QuantizeMaxDrop = Points(value, place) },
            (TrainingStage.Pretrain, _) when PretrainingOption.All.FirstOrDefault(option => option.Name == name) is { } option =>
                this with { Pretraining = option.Set(Pretraining, value) },
            (TrainingStage.Chunks, _) when RecipeOption.Find(name) is { NeedsTeacher: false } option => this with { Chunks = option.Set(Chunks, value) },
            (TrainingStage.FineTune, _) when RecipeOption.Find(name) is { NeedsTeacher: false } option => this with { FineTuning = option.Set(FineTuning, value) },
            (TrainingStage.Distil, _) when RecipeOption.Find(name) is { } option => this with { Distillation = option.Set(Distillation, value) },
            _ => throw new PipelineException($"the stage {stage} has no setting \"{name}\""),
        };
    }

    /// <summary>Writes the recipe as a JSON object.</summary>
    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("stages", string.Join(',', Stages.Select(stage => stage.Format())));
        writer.WritePropertyName("pretrain");
        PretrainingOption.Write(writer, Pretraining);
        writer.WritePropertyName("chunks");
        RecipeFile.Write(writer, Chunks);
        writer.WritePropertyName("finetune");
        RecipeFile.Write(writer, FineTuning);
        writer.WritePropertyName("distil");
        RecipeFile.Write(writer, Distillation);
        writer.WriteNumber("distil_max_drop", DistilMaxDrop);
        writer.WriteNumber("quantize_max_drop", QuantizeMaxDrop);
        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal static StagedRecipe Read(JsonElement json, string where) => new()
    {
        Stages = TrainingStages.Parse(json.GetProperty("stages").GetString()!),
        Pretraining = PretrainingOption.Read(json.GetProperty("pretrain")),
        Chunks = json.TryGetProperty("chunks", out var chunks) ? RecipeFile.Parse(chunks.GetRawText(), where) : new StagedRecipe().Chunks,
        FineTuning = RecipeFile.Parse(json.GetProperty("finetune").GetRawText(), where),
        Distillation = RecipeFile.Parse(json.GetProperty("distil").GetRawText(), where),
        DistilMaxDrop = json.GetProperty("distil_max_drop").GetDouble(),
        QuantizeMaxDrop = json.GetProperty("quantize_max_drop").GetDouble(),
    };

    /// <summary>Whether another recipe computes the same: what may be lost, and how many threads there are, decides on no weight.</summary>
    internal bool ComputesAs(StagedRecipe other) => other.Stages.SequenceEqual(Stages)
        && other.Pretraining with { Threads = Pretraining.Threads } == Pretraining
        && other.Chunks with { Threads = Chunks.Threads } == Chunks
        && other.FineTuning with { Threads = FineTuning.Threads } == FineTuning
        && other.Distillation with { Threads = Distillation.Threads } == Distillation;

    private static double Points(string value, string place) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var points) && points >= 0
            ? points
            : throw new PipelineException($"{place} is \"{value}\", not a number of points from 0 up");
}
