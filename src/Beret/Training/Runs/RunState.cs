using System.Text.Json;

namespace Beret.Training.Runs;

/// <summary>What an interrupted run goes on with, beside the weights and Adam's moments.</summary>
internal sealed record RunState : IRunState
{
    public const int CurrentVersion = 1;

    public const string StateKey = "beret.run";

    public string Key => StateKey;

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

    public long LogBytes { get; set; }

    public PlateauWatch Plateau { get; init; } = new();

    public List<TrainingPoint> Points { get; init; } = [];

    /// <summary>That of the unfinished run in a folder: from its last checkpoint, or the one before, or its beginning.</summary>
    /// <exception cref="TrainingException">There is none, or it is none of this program's.</exception>
    public static Resumption<RunState> Find(string folder) => Resumption.Find(folder, StateKey, root => Read(root, folder), root => Begin(root, folder));

    public string? LoseModel()
    {
        var lost = Kept < 0 ? null : $"the model that was kept, that of step {Points[Kept].Step}";
        Kept = -1;
        return lost;
    }

    public void WriteStart(Utf8JsonWriter writer)
    {
        writer.WritePropertyName("recipe");
        RecipeFile.Write(writer, Recipe);
        writer.WriteString("model", Model);
        writer.WriteString("data", Data);
        writer.WriteString("fingerprint", Fingerprint);
        if (Teacher is { } teacher)
        {
            writer.WriteStartObject("teacher");
            writer.WriteString("name", teacher.Name);
            writer.WriteString("fingerprint", teacher.Fingerprint);
            writer.WriteStartArray("unlabelled");
            foreach (var name in Unlabelled)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteNumber("version", CurrentVersion);
        WriteStart(writer);
        writer.WriteNumber("step", Step);
        writer.WriteBoolean("validation_pending", ValidationPending);
        writer.WriteNumber("loss_sum", LossSum);
        if (PartSums is { } sums)
        {
            writer.WriteStartObject("part_sums");
            sums.WriteJson(writer);
            writer.WriteEndObject();
        }

        writer.WriteNumber("correct", Correct);
        writer.WriteNumber("count", Count);
        writer.WriteNumber("seconds", Seconds);
        writer.WriteNumber("epoch_seconds", EpochSeconds);
        writer.WriteNumber("without_improvement", WithoutImprovement);
        writer.WriteNumber("kept", Kept);
        writer.WriteNumber("log_bytes", LogBytes);
        writer.WritePropertyName("plateau");
        Plateau.Write(writer);
        writer.WriteStartArray("points");
        foreach (var point in Points)
        {
            TrainingPointJson.Write(writer, point);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The state of a run that has done nothing yet, from its record.</summary>
    public static RunState Begin(JsonElement root, string folder)
    {
        var teacher = root.TryGetProperty("teacher", out var named) ? named : (JsonElement?)null;
        return new RunState
        {
            Teacher = teacher is { } its ? (its.GetProperty("name").GetString()!, its.GetProperty("fingerprint").GetString()!) : null,
            Unlabelled = [.. teacher?.GetProperty("unlabelled").EnumerateArray().Select(name => name.GetString()!) ?? []],
            Recipe = RecipeFile.Parse(root.GetProperty("recipe").GetRawText(), folder),
            Model = root.GetProperty("model").GetString()!,
            Data = root.GetProperty("data").GetString()!,
            Fingerprint = root.GetProperty("fingerprint").GetString()!,
        };
    }

    private static RunState Read(JsonElement root, string folder)
    {
        var version = root.GetProperty("version").GetInt32();
        return version == CurrentVersion
            ? Begin(root, folder) with
            {
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
                Plateau = root.TryGetProperty("plateau", out var plateau) ? PlateauWatch.Read(plateau) : new PlateauWatch(),
                Points = [.. root.GetProperty("points").EnumerateArray().Select(TrainingPointJson.Read)],
            }
            : throw new TrainingException($"the run state of {folder} was written by another version of this program (state version {version}, not {CurrentVersion})");
    }
}
