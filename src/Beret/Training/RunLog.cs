using System.Text.Json;

namespace Beret.Training;

/// <summary>log.jsonl: one line for each step, validation and epoch, for machines. Complete lines only, flushed as they are written.</summary>
internal sealed class RunLog : IDisposable
{
    public const string Name = "log.jsonl";

    private readonly FileStream stream;
    private readonly MemoryStream buffer = new(1024);
    private readonly Utf8JsonWriter writer;

    /// <summary>Opens the log; what stands behind <paramref name="keep"/> bytes is cut off.</summary>
    public RunLog(string folder, long keep)
    {
        try
        {
            stream = new FileStream(Path.Combine(folder, Name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
            stream.SetLength(Math.Min(keep, stream.Length));
            stream.Seek(0, SeekOrigin.End);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new TrainingException($"cannot write {Path.Combine(folder, Name)}: {error.Message}", error);
        }

        writer = new Utf8JsonWriter(buffer);
    }

    public long Length => stream.Length;

    public void Step(in TrainingProgress progress)
    {
        writer.WriteStartObject();
        writer.WriteString("event", "step");
        writer.WriteNumber("epoch", progress.Epoch);
        writer.WriteNumber("step", progress.Step);
        writer.WriteNumber("loss", progress.StepLoss);
        progress.StepParts?.WriteJson(writer);
        writer.WriteNumber("epoch_loss", progress.Loss);
        if (!double.IsNaN(progress.Accuracy))
        {
            writer.WriteNumber("epoch_accuracy", progress.Accuracy);
        }

        if (progress.TeacherLoss is { } teacher)
        {
            writer.WriteNumber("teacher_loss", teacher);
        }

        writer.WriteNumber("learning_rate", progress.LearningRate);
        writer.WriteNumber("gradient_norm", progress.GradientNorm);
        writer.WriteNumber("texts_per_second", Math.Round(progress.TextsPerSecond, 2));
        writer.WriteNumber("tokens_per_second", Math.Round(progress.TokensPerSecond, 1));
        writer.WriteEndObject();
        EndLine();
    }

    public void Point(TrainingPoint point, string headline, bool isKept, string? chosen = null)
    {
        writer.WriteStartObject();
        writer.WriteString("event", point.EndsEpoch ? "epoch" : "validation");
        writer.WriteNumber("epoch", point.Epoch);
        writer.WriteNumber("step", point.Step);
        writer.WriteNumber("loss", point.Loss);
        point.Parts?.WriteJson(writer);
        TrainingPointJson.WriteFigures(writer, point, headline, chosen);

        if (point.Agreement is { } agreement)
        {
            writer.WriteNumber("agreement", agreement);
        }

        if (point.TeacherLoss is { } teacher)
        {
            writer.WriteNumber("teacher_loss", teacher);
        }

        writer.WriteNumber("seconds", Math.Round(point.Seconds, 2));
        writer.WriteBoolean("kept", isKept);
        writer.WriteEndObject();
        EndLine();
    }

    public void Message(string kind, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("event", kind);
        writer.WriteString("message", text);
        writer.WriteEndObject();
        EndLine();
    }

    public void Dispose()
    {
        writer.Dispose();
        stream.Dispose();
    }

    private void EndLine()
    {
        writer.Flush();
        buffer.WriteByte((byte)'\n');
        stream.Write(buffer.GetBuffer(), 0, (int)buffer.Length);
        stream.Flush();
        buffer.SetLength(0);
        writer.Reset();
    }
}
