using System.Text.Json;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pretraining;

/// <summary>What an interrupted run goes on with, beside the weights and Adam's moments.</summary>
internal sealed record PretrainingState : IRunState
{
    private const string StateKey = "beret.pretraining";

    public string Key => StateKey;

    public required PretrainingRecipe Recipe { get; init; }

    /// <summary>The model's name, or the path of the configuration.</summary>
    public required string Model { get; init; }

    /// <summary>The vocabulary's path where the model is from nothing; null where it is a checkpoint.</summary>
    public required string? Vocabulary { get; init; }

    /// <summary>What the teacher is called, and its fingerprint; null without one.</summary>
    public required (string Name, string Fingerprint)? Teacher { get; init; }

    public required IReadOnlyList<string> Texts { get; init; }

    /// <summary>That of the tokens.</summary>
    public required string Fingerprint { get; init; }

    public int Step { get; set; }

    public int Epoch { get; set; }

    /// <summary>Sequences of the epoch that were read.</summary>
    public int Place { get; set; }

    /// <summary>Whether a judgement is due before the next step.</summary>
    public bool ValidationPending { get; set; }

    /// <summary>The sum of the losses of all questions since the last judgement.</summary>
    public double LossSum { get; set; }

    public long Right { get; set; }

    public long Count { get; set; }

    /// <summary>The sum over the steps since the last judgement of the differences from the teacher, and how many steps had one.</summary>
    public (double Sum, long Steps) TeacherLoss { get; set; }

    public double Seconds { get; set; }

    /// <summary>The length of log.jsonl: what stands behind it belongs to steps that are done again.</summary>
    public long LogBytes { get; set; }

    public List<TrainingPoint> Points { get; init; } = [];

    /// <summary>That of the unfinished run in a folder: from its last checkpoint, or the one before, or its beginning.</summary>
    /// <exception cref="TrainingException">There is none, or it is none of this program's.</exception>
    public static Resumption<PretrainingState> Find(string folder) => Resumption.Find(folder, StateKey, Parse, Begin);

    /// <summary>That of a run that has done nothing yet, from its record.</summary>
    public static PretrainingState Begin(RunRecord record) => Begin(record.Start(StateKey));

    // A judgement writes the model that there is then, and the last one the last.
    public string? LoseModel() => null;

    public void WriteStart(Utf8JsonWriter writer)
    {
        writer.WritePropertyName("recipe");
        PretrainingOption.Write(writer, Recipe);
        writer.WriteString("model", Model);
        writer.WriteString("vocabulary", Vocabulary);
        if (Teacher is { } teacher)
        {
            writer.WriteStartObject("teacher");
            writer.WriteString("name", teacher.Name);
            writer.WriteString("fingerprint", teacher.Fingerprint);
            writer.WriteNumber("loss_sum", TeacherLoss.Sum);
            writer.WriteNumber("steps", TeacherLoss.Steps);
            writer.WriteEndObject();
        }

        writer.WriteStartArray("texts");
        foreach (var text in Texts)
        {
            writer.WriteStringValue(text);
        }

        writer.WriteEndArray();
        writer.WriteString("fingerprint", Fingerprint);
    }

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        WriteStart(writer);
        writer.WriteNumber("step", Step);
        writer.WriteNumber("epoch", Epoch);
        writer.WriteNumber("place", Place);
        writer.WriteBoolean("validation_pending", ValidationPending);
        writer.WriteNumber("loss_sum", LossSum);
        writer.WriteNumber("right", Right);
        writer.WriteNumber("count", Count);
        writer.WriteNumber("seconds", Seconds);
        writer.WriteNumber("log_bytes", LogBytes);
        writer.WriteStartArray("points");
        foreach (var point in Points)
        {
            TrainingPointJson.Write(writer, point);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static PretrainingState Begin(JsonElement root)
    {
        var teacher = root.TryGetProperty("teacher", out var named) ? named : (JsonElement?)null;
        return new PretrainingState
        {
            Recipe = PretrainingOption.Read(root.GetProperty("recipe")),
            Model = root.GetProperty("model").GetString()!,
            Vocabulary = root.GetProperty("vocabulary").GetString(),
            Teacher = teacher is { } its ? (its.GetProperty("name").GetString()!, its.GetProperty("fingerprint").GetString()!) : null,
            TeacherLoss = teacher is { } told ? (told.GetProperty("loss_sum").GetDouble(), told.GetProperty("steps").GetInt64()) : default,
            Texts = [.. root.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!)],
            Fingerprint = root.GetProperty("fingerprint").GetString()!,
        };
    }

    private static PretrainingState Parse(JsonElement root) => Begin(root) with
    {
        Step = root.GetProperty("step").GetInt32(),
        Epoch = root.GetProperty("epoch").GetInt32(),
        Place = root.GetProperty("place").GetInt32(),
        ValidationPending = root.GetProperty("validation_pending").GetBoolean(),
        LossSum = root.GetProperty("loss_sum").GetDouble(),
        Right = root.GetProperty("right").GetInt64(),
        Count = root.GetProperty("count").GetInt64(),
        Seconds = root.GetProperty("seconds").GetDouble(),
        LogBytes = root.GetProperty("log_bytes").GetInt64(),
        Points = [.. root.GetProperty("points").EnumerateArray().Select(TrainingPointJson.Read)],
    };
}
