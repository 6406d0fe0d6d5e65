using System.Text.Json;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>The judgements of a run as people read them.</summary>
public static class PretrainingPoints
{
    /// <summary>Writes a property <c>history</c>.</summary>
    public static void Write(Utf8JsonWriter writer, PretrainingObjective objective, IReadOnlyList<TrainingPoint> points)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(points);
        writer.WriteStartArray("history");
        foreach (var point in points)
        {
            writer.WriteStartObject();
            writer.WriteNumber("step", point.Step);
            writer.WriteNumber("loss", point.Loss);
            writer.WriteNumber("accuracy", point.Accuracy);
            if (point.TeacherLoss is { } teacher)
            {
                writer.WriteNumber("teacher_loss", teacher);
            }

            if (point.ValidationLoss is { } loss && point.ValidationAccuracy is { } accuracy)
            {
                writer.WriteNumber("held_out_loss", loss);
                if (objective == PretrainingObjective.MaskedTokens)
                {
                    writer.WriteNumber("held_out_perplexity", Math.Exp(loss));
                }

                writer.WriteNumber("held_out_accuracy", accuracy);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
