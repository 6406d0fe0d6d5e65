using System.Text.Json;

namespace Beret.Training.Runs;

/// <summary>Points of the curves in the state of a run.</summary>
internal static class TrainingPointJson
{
    public static void Write(Utf8JsonWriter writer, TrainingPoint point)
    {
        writer.WriteStartObject();
        writer.WriteNumber("epoch", point.Epoch);
        writer.WriteNumber("step", point.Step);
        writer.WriteNumber("loss", point.Loss);
        point.Parts?.WriteJson(writer);
        WriteFigures(writer, point, "accuracy", "figure");

        if (point.Agreement is { } agreement)
        {
            writer.WriteNumber("agreement", agreement);
        }

        if (point.TeacherLoss is { } teacher)
        {
            writer.WriteNumber("teacher_loss", teacher);
        }

        writer.WriteNumber("seconds", point.Seconds);
        writer.WriteBoolean("ends_epoch", point.EndsEpoch);
        writer.WriteEndObject();
    }

    /// <summary>What there is of accuracy and the figures on the validation texts.</summary>
    /// <param name="writer">The writer, within an object.</param>
    /// <param name="point">The point.</param>
    /// <param name="headline">What the task is judged by.</param>
    /// <param name="chosen">What the kept model is chosen by, where that is to be written too.</param>
    public static void WriteFigures(Utf8JsonWriter writer, TrainingPoint point, string headline, string? chosen)
    {
        if (!double.IsNaN(point.Accuracy))
        {
            writer.WriteNumber("accuracy", point.Accuracy);
        }

        if (point.ValidationLoss is { } loss)
        {
            writer.WriteNumber("validation_loss", loss);
        }

        if (point.ValidationAccuracy is { } figure)
        {
            writer.WriteNumber($"validation_{headline}", figure);
        }

        if (point.Figure is { } named && chosen is not null)
        {
            writer.WriteNumber($"validation_{chosen}", named);
        }
    }

    public static TrainingPoint Read(JsonElement point) => new(
        point.GetProperty("epoch").GetInt32(), point.GetProperty("step").GetInt32(),
        point.GetProperty("loss").GetDouble(), point.TryGetProperty("accuracy", out var training) ? training.GetDouble() : double.NaN,
        point.TryGetProperty("validation_loss", out var loss) ? loss.GetDouble() : null,
        point.TryGetProperty("validation_accuracy", out var accuracy) ? accuracy.GetDouble() : null,
        point.GetProperty("seconds").GetDouble(), point.GetProperty("ends_epoch").GetBoolean(),
        point.TryGetProperty("agreement", out var agreement) ? agreement.GetDouble() : null,
        point.TryGetProperty("teacher_loss", out var teacher) ? teacher.GetDouble() : null,
        LossParts.Read(point),
        point.TryGetProperty("validation_figure", out var figure) ? figure.GetDouble() : null);
}
