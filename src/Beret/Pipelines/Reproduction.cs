using System.Globalization;
using System.Text.Json;
using Beret.Evaluation;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pipelines;

/// <summary>A figure of a run beside that of its repetition.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Then">The run's.</param>
/// <param name="Now">The repetition's.</param>
public sealed record ReproducedFigure(string Name, double Then, double Now)
{
    /// <summary>Whether they are the same, or, of large numbers in proportion, no further apart than that.</summary>
    public bool IsWithin(double tolerance) => Then.Equals(Now) || Math.Abs(Then - Now) <= tolerance * Math.Max(1, Math.Abs(Then));
}

/// <summary>
/// A finished run and its repetition, compared: with the same program on the same instruction set every bit of the weights has to be the same; where something of that differs, the
/// figures have to be close.
/// </summary>
/// <param name="Environment">What differs of what the two were computed with, one phrase each.</param>
/// <param name="Models">The weights that each wrote, by the part of the run, a stage or a seed; of a single run by "".</param>
/// <param name="Figures">What came of both.</param>
/// <param name="Tolerance">How far figures may be apart where the environment differs.</param>
public sealed record Reproduction(
    IReadOnlyList<string> Environment, IReadOnlyList<(string Part, WeightComparison Weights)> Models, IReadOnlyList<ReproducedFigure> Figures, double Tolerance)
{
    /// <summary>Whether all weights are the same, bit by bit.</summary>
    public bool IsIdentical => Models.All(model => model.Weights.IsIdentical);

    /// <summary>Whether the repetition is what was promised.</summary>
    public bool Holds => (IsIdentical || Environment.Count > 0) && Figures.All(figure => figure.IsWithin(Environment.Count > 0 ? Tolerance : 0));

    /// <summary>Compares two finished runs.</summary>
    /// <param name="then">The folder of the run.</param>
    /// <param name="now">That of its repetition.</param>
    /// <param name="tolerance">How far figures may be apart where the environment differs.</param>
    /// <exception cref="BeretException">One of them is not finished, or cannot be read.</exception>
    public static Reproduction Compare(string then, string now, double tolerance)
    {
        if (StagedState.IsIn(then))
        {
            return CompareStages(then, now, tolerance);
        }

        if (RepeatedState.IsIn(then))
        {
            return CompareRepeats(then, now, tolerance);
        }

        var (before, after) = (Finished(then), Finished(now));
        return new Reproduction(Differences(before, after), [("", WeightComparison.Of(then, now))], [.. Beside(before.Result!.Value, after.Result!.Value)], tolerance);
    }

    /// <summary>Both side by side. Lines end with a line feed.</summary>
    public string ToTable()
    {
        var table = new TextTable(["figure", "then", "now"]);
        foreach (var figure in Figures)
        {
            table.Add([figure.Name, Text(figure.Then), Text(figure.Now)]);
        }

        return table.ToString();

        static string Text(double value) => value.ToString("0.000000", CultureInfo.InvariantCulture);
    }

    /// <summary>Writes the comparison as a JSON object.</summary>
    /// <param name="writer">The writer, where a value is expected.</param>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteBoolean("holds", Holds);
        writer.WriteBoolean("identical", IsIdentical);
        writer.WriteStartArray("environment");
        foreach (var difference in Environment)
        {
            writer.WriteStringValue(difference);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("weights");
        foreach (var (part, weights) in Models)
        {
            writer.WriteStartObject();
            writer.WriteString("part", part.Length == 0 ? null : part);
            writer.WriteNumber("tensors", weights.Tensors);
            writer.WriteNumber("different", weights.Different);
            writer.WriteNumber("largest_difference", weights.Largest);
            writer.WriteString("where", weights.Where);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("figures");
        foreach (var figure in Figures)
        {
            writer.WriteStartObject();
            writer.WriteString("name", figure.Name);
            JsonFigure.Write(writer, "then", figure.Then);
            JsonFigure.Write(writer, "now", figure.Now);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static Reproduction CompareStages(string then, string now, double tolerance)
    {
        var (before, after) = (StagedState.Read(then), StagedState.Read(now));
        var pairs = before.Results.Select(result => (Then: result, Now: after.Results.FirstOrDefault(other => other.Stage == result.Stage)
            ?? throw new PipelineException($"{now} has not come to the stage {result.Stage.Format()}, which {then} has finished"))).ToList();
        var tuning = TrainingStage.FineTune.Format();
        return new Reproduction(
            Differences(Finished(Path.Combine(then, tuning)), Finished(Path.Combine(now, tuning))),
            [.. pairs.Select(pair => pair.Then.Stage.Format()).Select(stage => (stage, WeightComparison.Of(Path.Combine(then, stage), Path.Combine(now, stage))))],
            [.. pairs.SelectMany(pair => Beside(pair.Then, pair.Now))],
            tolerance);
    }

    private static Reproduction CompareRepeats(string then, string now, double tolerance)
    {
        var (before, after) = (RepeatedState.Read(then).Results, RepeatedState.Read(now).Results);
        var pairs = before.Select(result => (Then: result, Now: after.FirstOrDefault(other => other.Name == result.Name)
            ?? throw new PipelineException($"{now} has not come to {result.Name}, which {then} has finished"))).ToList();
        return new Reproduction(
            [.. before.SelectMany(result => Differences(Finished(Path.Combine(then, result.Name)), Finished(Path.Combine(now, result.Name)))).Distinct()],
            [.. before.Select(result => (result.Name, WeightComparison.Of(Path.Combine(then, result.Name), Path.Combine(now, result.Name))))],
            [
                .. pairs.SelectMany(pair => pair.Then.Figures.Zip(pair.Now.Figures), (pair, figures) => new ReproducedFigure($"{pair.Then.Name} {figures.First.Key}", figures.First.Value, figures.Second.Value)),
            ],
            tolerance);
    }

    private static IEnumerable<ReproducedFigure> Beside(StageResult then, StageResult now)
    {
        var stage = then.Stage.Format();
        yield return new ReproducedFigure($"{stage} loss", then.Loss, now.Loss);
        if (then.Accuracy is { } accuracy)
        {
            yield return new ReproducedFigure($"{stage} accuracy", accuracy, now.Accuracy ?? double.NaN);
        }
    }

    /// <summary>The losses and figures that came of a run, and of the repetition.</summary>
    private static IEnumerable<ReproducedFigure> Beside(JsonElement then, JsonElement now)
    {
        foreach (var part in (string[])["training_loss", "validation", "test"])
        {
            if (!then.TryGetProperty(part, out var before))
            {
                continue;
            }

            var after = now.TryGetProperty(part, out var found) ? found : default;
            if (before.ValueKind == JsonValueKind.Number)
            {
                yield return new ReproducedFigure("training loss", before.GetDouble(), Number(after));
                continue;
            }

            foreach (var figure in before.EnumerateObject().Where(entry => entry.Value.ValueKind == JsonValueKind.Number && entry.Name != "examples"))
            {
                yield return new ReproducedFigure(
                    $"{part} {figure.Name}", figure.Value.GetDouble(), after.ValueKind == JsonValueKind.Object && after.TryGetProperty(figure.Name, out var other) ? Number(other) : double.NaN);
            }
        }

        static double Number(JsonElement value) => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;
    }

    private static RunRecord Finished(string folder) => RunRecord.Read(folder) is { IsFinished: true } record ? record
        : throw new PipelineException($"the run in {folder} is not finished: go on with it first (--resume)");

    private static List<string> Differences(RunRecord then, RunRecord now) =>
        [.. then.Sessions.SelectMany(before => now.Sessions.SelectMany(after => before.Environment.DifferencesTo(after.Environment))).Distinct()];
}
