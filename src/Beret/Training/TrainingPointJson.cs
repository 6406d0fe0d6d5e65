using System.Text.Json;

namespace Beret.Training;

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
        writer.WriteNumber("accuracy", point.Accuracy);
        if (point.ValidationLoss is { } loss && point.ValidationAccuracy is { } accuracy)
        {
            writer.WriteNumber("validation_loss", loss);
            writer.WriteNumber("validation_accuracy", accuracy);
        }

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

    public static TrainingPoint Read(JsonElement point) => new(
        point.GetProperty("epoch").GetInt32(), point.GetProperty("step").GetInt32(),
        point.GetProperty("loss").GetDouble(), point.GetProperty("accuracy").GetDouble(),
        point.TryGetProperty("validation_loss", out var loss) ? loss.GetDouble() : null,
        point.TryGetProperty("validation_accuracy", out var accuracy) ? accuracy.GetDouble() : null,
        point.GetProperty("seconds").GetDouble(), point.GetProperty("ends_epoch").GetBoolean(),
        point.TryGetProperty("agreement", out var agreement) ? agreement.GetDouble() : null,
        point.TryGetProperty("teacher_loss", out var teacher) ? teacher.GetDouble() : null,
        LossParts.Read(point));
}
