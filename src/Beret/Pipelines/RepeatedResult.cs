using System.Text.Json;
using Beret.Evaluation;
using Beret.Training;

namespace Beret.Pipelines;

/// <summary>A figure of one run.</summary>
/// <param name="Key">Its key, such as <c>accuracy</c>.</param>
/// <param name="Name">What it is called in a table.</param>
/// <param name="Value">Its value; NaN where it is not defined.</param>
/// <param name="Baseline">What a linear model on words, trained on the same texts, reaches; NaN where there is none.</param>
public sealed record RepeatedFigure(string Key, string Name, double Value, double Baseline);

/// <summary>What came of one of several runs.</summary>
/// <param name="Name">Its name, which its folder has.</param>
/// <param name="Seconds">Seconds of training, all sessions together.</param>
/// <param name="Epoch">The epoch of the kept model; 0 where none was trained.</param>
/// <param name="Validation">The headline figure on the validation texts; null where there are none, or it is no number.</param>
/// <param name="Figures">All figures, loss first: on the texts that only judge where there are such, else on the validation texts.</param>
public sealed record RepeatedResult(string Name, double Seconds, int Epoch, double? Validation, IReadOnlyList<RepeatedFigure> Figures)
{
    internal static RepeatedResult Of(string name, TrainingSummary summary) => new(
        name, summary.Seconds, summary.Kept?.Epoch ?? 0, summary.Validation?.Headline.Estimate.Value is { } value && double.IsFinite(value) ? value : null,
        (summary.Test ?? summary.Validation) is { } judged ? [.. judged.Metrics.Select(metric => Figure(judged, metric))] : []);

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("name", Name);
        writer.WriteNumber("seconds", Math.Round(Seconds, 2));
        writer.WriteNumber("epoch", Epoch);
        JsonFigure.Write(writer, "validation", Validation);
        writer.WriteStartArray("figures");
        foreach (var figure in Figures)
        {
            writer.WriteStartObject();
            writer.WriteString("key", figure.Key);
            writer.WriteString("name", figure.Name);
            JsonFigure.Write(writer, "value", figure.Value);
            JsonFigure.Write(writer, "baseline", figure.Baseline);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    internal static RepeatedResult Read(JsonElement json) => new(
        json.GetProperty("name").GetString()!, json.GetProperty("seconds").GetDouble(), json.GetProperty("epoch").GetInt32(), JsonFigure.Read(json, "validation"),
        [
            .. json.GetProperty("figures").EnumerateArray().Select(figure => new RepeatedFigure(
                figure.GetProperty("key").GetString()!, figure.GetProperty("name").GetString()!, JsonFigure.Read(figure, "value") ?? double.NaN, JsonFigure.Read(figure, "baseline") ?? double.NaN)),
        ]);

    private static RepeatedFigure Figure(EvaluationResult judged, Metric metric) => new(metric.Key, metric.Name, metric.Estimate.Value, judged.BaselineOf(metric));
}
