using System.Text.Json;
using Beret.Training;

namespace Beret.Cli;

/// <summary>What came of a training run, as JSON.</summary>
internal static class TrainingOutcome
{
    public static string Json(TrainingSummary summary)
    {
        return JsonText.Indented(writer =>
        {
            writer.WriteStartObject();
            WriteMembers(writer, summary);
            writer.WriteEndObject();
        });
    }

    /// <summary>Writes the members of an object that has been begun.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, TrainingSummary summary)
    {
        writer.WriteString("folder", summary.Folder);
        writer.WriteNumber("steps", summary.Steps);
        writer.WriteNumber("seconds", Math.Round(summary.Seconds, 2));
        writer.WriteBoolean("interrupted", summary.IsInterrupted);
        writer.WriteBoolean("stopped_early", summary.StoppedEarly);
        writer.WriteStartArray("history");
        foreach (var point in summary.Points)
        {
            writer.WriteStartObject();
            writer.WriteNumber("epoch", point.Epoch);
            writer.WriteNumber("step", point.Step);
            writer.WriteNumber("loss", point.Loss);
            point.Parts?.WriteJson(writer);
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
                writer.WriteNumber($"validation_{summary.Plan.Headline}", figure);
            }

            if (point.Figure is { } chosen && summary.Plan.ChosenFigure is { } key)
            {
                writer.WriteNumber($"validation_{key}", chosen);
            }

            if (point.Agreement is { } agreement)
            {
                writer.WriteNumber("agreement", agreement);
            }

            writer.WriteBoolean("kept", point == summary.Kept);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (summary.Validation is not null)
        {
            writer.WritePropertyName("validation");
            summary.Validation.WriteJson(writer);
        }

        if (summary.Test is { } test)
        {
            writer.WritePropertyName("test");
            test.WriteJson(writer);
        }

        if (summary.Plan.TeacherEvaluation is { } teacher)
        {
            writer.WritePropertyName("teacher");
            teacher.WriteJson(writer);
        }
    }
}
