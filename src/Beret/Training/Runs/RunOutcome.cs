using System.Text.Json;

namespace Beret.Training.Runs;

/// <summary>What came of a run, as run.json keeps it.</summary>
internal static class RunOutcome
{
    public static JsonElement Of(TrainingSummary summary) => Json(writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("steps", summary.Steps);
        writer.WriteBoolean("stopped_early", summary.StoppedEarly);
        writer.WriteNumber("seconds", Math.Round(summary.Seconds, 2));
        if (summary.Kept is { } kept)
        {
            writer.WriteNumber("kept_epoch", kept.Epoch);
            writer.WriteNumber("kept_step", kept.Step);
            writer.WriteNumber("training_loss", kept.Loss);
        }

        if (summary.Validation is { } validation)
        {
            writer.WritePropertyName("validation");
            validation.WriteJson(writer);
        }

        if (summary.Test is { } test)
        {
            writer.WritePropertyName("test");
            test.WriteJson(writer);
        }

        writer.WriteEndObject();
    });

    /// <summary>A JSON value from its writer.</summary>
    public static JsonElement Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            write(writer);
        }

        using var document = JsonDocument.Parse(stream.ToArray());
        return document.RootElement.Clone();
    }
}
