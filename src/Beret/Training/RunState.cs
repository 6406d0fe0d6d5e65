using System.Text.Json;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Training;

/// <summary>What an interrupted run goes on with, beside the weights and Adam's moments.</summary>
internal sealed record RunState
{
    public const int CurrentVersion = 1;

    public required TrainingRecipe Recipe { get; init; }

    public required string Model { get; init; }

    public required string Data { get; init; }

    /// <summary>The fingerprint of the training texts.</summary>
    public required string Fingerprint { get; init; }

    public int Step { get; set; }

    /// <summary>Whether a validation is due before the next step.</summary>
    public bool ValidationPending { get; set; }

    /// <summary>The sum of the training losses of this epoch's texts.</summary>
    public double LossSum { get; set; }

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

/// <summary>The resume file: one safetensors file with weights, moments and, in its metadata, the run's state; replaced atomically.</summary>
internal static class RunStateFile
{
    public const string Name = ModelFolder.ResumeFile;

    private const string Key = "beret.run";
    private const int BufferFloats = 1 << 18;

    public static string PathIn(string folder) => Path.Combine(folder, Name);

    public static void Write(string folder, RunState state, ParameterSet set)
    {
        var writer = new SafetensorsWriter();
        writer.Metadata[Key] = Serialize(state);
        var buffer = new float[BufferFloats];
        foreach (var parameter in set.All)
        {
            Add("value", parameter.Value);
            Add("first_moment", parameter.FirstMoment);
            Add("second_moment", parameter.SecondMoment);

            void Add(string kind, Matrix matrix) => writer.Add(
                $"{kind}.{parameter.Name}", TensorType.F32, [.. parameter.Shape.Select(size => (long)size)], stream => Copy(set.Backend, matrix, stream, buffer));
        }

        writer.Write(PathIn(folder));
    }

    /// <summary>The state alone.</summary>
    /// <exception cref="TrainingException">There is no resume file, or it is none of this program's.</exception>
    public static RunState Read(string folder)
    {
        using var checkpoint = Open(folder);
        return Deserialize(checkpoint);
    }

    /// <summary>The weights and moments.</summary>
    /// <exception cref="TrainingException">The file belongs to another model.</exception>
    public static void Restore(string folder, ParameterSet set)
    {
        using var checkpoint = Open(folder);
        var buffer = new float[BufferFloats];
        foreach (var parameter in set.All)
        {
            Load($"value.{parameter.Name}", parameter.Value);
            Load($"first_moment.{parameter.Name}", parameter.FirstMoment);
            Load($"second_moment.{parameter.Name}", parameter.SecondMoment);
        }

        set.Touch();

        void Load(string name, Matrix matrix)
        {
            if (checkpoint.Find(name) is not { } tensor || tensor.Count != matrix.Length)
            {
                throw new TrainingException($"{checkpoint.Path} has no tensor {name} of {matrix.Length} numbers: it belongs to a run with another model");
            }

            var flat = matrix.Reshape(1, checked((int)matrix.Length));
            for (var start = 0; start < flat.Columns; start += buffer.Length)
            {
                var part = buffer.AsSpan(0, Math.Min(buffer.Length, flat.Columns - start));
                checkpoint.Read(name, start, part);
                set.Backend.Write(part, flat.ColumnRange(start, part.Length));
            }
        }
    }

    private static Checkpoint Open(string folder)
    {
        var path = PathIn(folder);
        return File.Exists(path)
            ? Checkpoint.Open(path)
            : throw new TrainingException($"{folder} holds no run to go on with (no {Name}): it is finished, or was never started");
    }

    private static void Copy(IBackend backend, Matrix matrix, Stream stream, float[] buffer)
    {
        var flat = matrix.Reshape(1, checked((int)matrix.Length));
        for (var start = 0; start < flat.Columns; start += buffer.Length)
        {
            var part = buffer.AsSpan(0, Math.Min(buffer.Length, flat.Columns - start));
            backend.Read(flat.ColumnRange(start, part.Length), part);
            stream.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(part));
        }
    }

    private static string Serialize(RunState state)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", RunState.CurrentVersion);
            writer.WritePropertyName("recipe");
            RecipeFile.Write(writer, state.Recipe);
            writer.WriteString("model", state.Model);
            writer.WriteString("data", state.Data);
            writer.WriteString("fingerprint", state.Fingerprint);
            writer.WriteNumber("step", state.Step);
            writer.WriteBoolean("validation_pending", state.ValidationPending);
            writer.WriteNumber("loss_sum", state.LossSum);
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
                WritePoint(writer, point);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private static RunState Deserialize(Checkpoint checkpoint)
    {
        if (!checkpoint.Metadata.TryGetValue(Key, out var json))
        {
            throw new TrainingException($"{checkpoint.Path} holds no state of a training run");
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var version = root.GetProperty("version").GetInt32();
            if (version != RunState.CurrentVersion)
            {
                throw new TrainingException($"{checkpoint.Path} was written by another version of this program (state version {version}, not {RunState.CurrentVersion})");
            }

            return new RunState
            {
                Recipe = RecipeFile.Parse(root.GetProperty("recipe").GetRawText(), checkpoint.Path),
                Model = root.GetProperty("model").GetString()!,
                Data = root.GetProperty("data").GetString()!,
                Fingerprint = root.GetProperty("fingerprint").GetString()!,
                Step = root.GetProperty("step").GetInt32(),
                ValidationPending = root.GetProperty("validation_pending").GetBoolean(),
                LossSum = root.GetProperty("loss_sum").GetDouble(),
                Correct = root.GetProperty("correct").GetInt32(),
                Count = root.GetProperty("count").GetInt32(),
                Seconds = root.GetProperty("seconds").GetDouble(),
                EpochSeconds = root.GetProperty("epoch_seconds").GetDouble(),
                WithoutImprovement = root.GetProperty("without_improvement").GetInt32(),
                Kept = root.GetProperty("kept").GetInt32(),
                LogBytes = root.GetProperty("log_bytes").GetInt64(),
                Points = [.. root.GetProperty("points").EnumerateArray().Select(ReadPoint)],
            };
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new TrainingException($"{checkpoint.Path}: its run state is damaged ({error.Message})", error);
        }
    }

    private static void WritePoint(Utf8JsonWriter writer, TrainingPoint point)
    {
        writer.WriteStartObject();
        writer.WriteNumber("epoch", point.Epoch);
        writer.WriteNumber("step", point.Step);
        writer.WriteNumber("loss", point.Loss);
        writer.WriteNumber("accuracy", point.Accuracy);
        if (point.ValidationLoss is { } loss && point.ValidationAccuracy is { } accuracy)
        {
            writer.WriteNumber("validation_loss", loss);
            writer.WriteNumber("validation_accuracy", accuracy);
        }

        writer.WriteNumber("seconds", point.Seconds);
        writer.WriteBoolean("ends_epoch", point.EndsEpoch);
        writer.WriteEndObject();
    }

    private static TrainingPoint ReadPoint(JsonElement point) => new(
        point.GetProperty("epoch").GetInt32(), point.GetProperty("step").GetInt32(),
        point.GetProperty("loss").GetDouble(), point.GetProperty("accuracy").GetDouble(),
        point.TryGetProperty("validation_loss", out var loss) ? loss.GetDouble() : null,
        point.TryGetProperty("validation_accuracy", out var accuracy) ? accuracy.GetDouble() : null,
        point.GetProperty("seconds").GetDouble(), point.GetProperty("ends_epoch").GetBoolean());
}
