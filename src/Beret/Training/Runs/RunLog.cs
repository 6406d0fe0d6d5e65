using System.Text.Json;

namespace Beret.Training.Runs;

/// <summary>log.jsonl: one line for each step, validation and epoch, for machines. Complete lines only, flushed as they are written.</summary>
internal sealed class RunLog : IDisposable
{
    public const string Name = "log.jsonl";

    private readonly string path;
    private readonly MemoryStream buffer = new(1024);
    private readonly Utf8JsonWriter writer;
    private FileStream stream;

    /// <summary>Opens the log; what stands behind <paramref name="keep"/> bytes is cut off.</summary>
    public RunLog(string folder, long keep)
    {
        path = Path.Combine(folder, Name);
        stream = Open();
        stream.SetLength(Math.Min(keep, stream.Length));
        stream.Seek(0, SeekOrigin.End);
        writer = new Utf8JsonWriter(buffer);
    }

    public long Length => stream.Length;

    /// <summary>Puts on the disk what was written: a checkpoint that counts on it must not be there before it.</summary>
    public void FlushToDisk() => stream.Flush(flushToDisk: true);

    /// <summary>Before the folder is replaced: Windows moves no folder in which a file is open.</summary>
    public void LetGo()
    {
        if (OperatingSystem.IsWindows())
        {
            stream.Dispose();
        }
    }

    /// <summary>After the folder was replaced: goes on in the file that is there now, which is another where the file system has no second names. False: there is none.</summary>
    public bool Follow()
    {
        if (!File.Exists(path))
        {
            return false;
        }

        stream.Dispose();
        stream = Open();
        stream.Seek(0, SeekOrigin.End);
        return true;
    }

    /// <summary>Writes the file again where it is gone.</summary>
    public void WriteAgain()
    {
        var again = Open();
        stream.Position = 0;
        stream.CopyTo(again);
        stream.Dispose();
        stream = again;
    }

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

    // Without a buffer: what a full disk does not take must not be tried again when the file is closed.
    private FileStream Open() => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete, bufferSize: 0);

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
