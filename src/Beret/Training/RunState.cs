using System.Text.Json;
using Beret.Numerics;

namespace Beret.Training;

/// <summary>What an interrupted run goes on with, beside the weights and Adam's moments.</summary>
internal sealed record RunState
{
    public const int CurrentVersion = 1;

    public required TrainingRecipe Recipe { get; init; }

    public required string Model { get; init; }

    public required string Data { get; init; }

    /// <summary>The fingerprint of the texts that are learned from.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The teacher's name and its fingerprint; null without one.</summary>
    public (string Name, string Fingerprint)? Teacher { get; init; }

    /// <summary>What the texts without labels are called.</summary>
    public IReadOnlyList<string> Unlabelled { get; init; } = [];

    public int Step { get; set; }

    /// <summary>Whether a validation is due before the next step.</summary>
    public bool ValidationPending { get; set; }

    /// <summary>The sum of the training losses of this epoch's texts.</summary>
    public double LossSum { get; set; }

    /// <summary>The same of what these losses are made of; null where that is the loss of the logits alone.</summary>
    public LossParts? PartSums { get; set; }

    public int Correct { get; set; }

    public int Count { get; set; }

    public double Seconds { get; set; }

    public double EpochSeconds { get; set; }

    /// <summary>Validations since the last improvement.</summary>
    public int WithoutImprovement { get; set; }

    /// <summary>The number of the kept point, or −1.</summary>
    public int Kept { get; set; } = -1;

    /// <summary>The length of log.jsonl: what stands behind it belongs to steps that are done again.</summary>
    public long LogBytes { get; set; }

    public List<TrainingPoint> Points { get; init; } = [];
}

/// <summary>The state of a fine-tuning run in its <see cref="ResumeFile"/>.</summary>
internal static class RunStateFile
{
    private const string Key = "beret.run";

    public static void Write(string folder, RunState state, ParameterSet set) => ResumeFile.Write(folder, Key, writer => Write(writer, state), set);

    /// <summary>The state alone.</summary>
    /// <exception cref="TrainingException">There is no resume file, or it is none of this program's.</exception>
    public static RunState Read(string folder) => ResumeFile.Read(folder, Key, root => Read(root, folder));

    private static void Write(Utf8JsonWriter writer, RunState state)
    {
        writer.WriteStartObject();
        writer.WriteNumber("version", RunState.CurrentVersion);
        writer.WritePropertyName("recipe");
        RecipeFile.Write(writer, state.Recipe);
        writer.WriteString("model", state.Model);
        writer.WriteString("data", state.Data);
        writer.WriteString("fingerprint", state.Fingerprint);
        if (state.Teacher is { } teacher)
        {
            writer.WriteStartObject("teacher");
            writer.WriteString("name", teacher.Name);
            writer.WriteString("fingerprint", teacher.Fingerprint);
            writer.WriteStartArray("unlabelled");
            foreach (var name in state.Unlabelled)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteNumber("step", state.Step);
        writer.WriteBoolean("validation_pending", state.ValidationPending);
        writer.WriteNumber("loss_sum", state.LossSum);
        if (state.PartSums is { } sums)
        {
            writer.WriteStartObject("part_sums");
            sums.WriteJson(writer);
            writer.WriteEndObject();
        }

        writer.WriteNumber("correct", state.Correct);
        writer.WriteNumber("count", state.Count);
        writer.WriteNumber("seconds", state.Seconds);
        writer.WriteNumber("epoch_seconds", state.EpochSeconds);
        writer.WriteNumber("without_improvement", state.WithoutImprovement);
        writer.WriteNumber("kept", state.Kept);
        writer.WriteNumber("log_bytes", state.LogBytes);
        writer.WriteStartArray("points");
        foreach (var point in state.Points)
        {
            TrainingPointJson.Write(writer, point);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static RunState Read(JsonElement root, string folder)
    {
        var version = root.GetProperty("version").GetInt32();
        if (version != RunState.CurrentVersion)
        {
            throw new TrainingException($"the run state of {folder} was written by another version of this program (state version {version}, not {RunState.CurrentVersion})");
        }

        var teacher = root.TryGetProperty("teacher", out var named) ? named : (JsonElement?)null;
        return new RunState
        {
            Teacher = teacher is { } its ? (its.GetProperty("name").GetString()!, its.GetProperty("fingerprint").GetString()!) : null,
            Unlabelled = [.. teacher?.GetProperty("unlabelled").EnumerateArray().Select(name => name.GetString()!) ?? []],
            Recipe = RecipeFile.Parse(root.GetProperty("recipe").GetRawText(), folder),
            Model = root.GetProperty("model").GetString()!,
            Data = root.GetProperty("data").GetString()!,
            Fingerprint = root.GetProperty("fingerprint").GetString()!,
            Step = root.GetProperty("step").GetInt32(),
            ValidationPending = root.GetProperty("validation_pending").GetBoolean(),
            LossSum = root.GetProperty("loss_sum").GetDouble(),
            PartSums = root.TryGetProperty("part_sums", out var sums) ? LossParts.Read(sums) : null,
            Correct = root.GetProperty("correct").GetInt32(),
            Count = root.GetProperty("count").GetInt32(),
            Seconds = root.GetProperty("seconds").GetDouble(),
            EpochSeconds = root.GetProperty("epoch_seconds").GetDouble(),
            WithoutImprovement = root.GetProperty("without_improvement").GetInt32(),
            Kept = root.GetProperty("kept").GetInt32(),
            LogBytes = root.GetProperty("log_bytes").GetInt64(),
            Points = [.. root.GetProperty("points").EnumerateArray().Select(TrainingPointJson.Read)],
        };
    }
}
