using System.Globalization;
using System.Text;
using System.Text.Json;
using Beret.Evaluation;

namespace Beret.Pipelines;

/// <summary>A repeated run that is finished or was interrupted.</summary>
/// <param name="Kind">What differs between the runs.</param>
/// <param name="Results">What came of those that are done.</param>
/// <param name="OutOfFold">Of finished folds: all texts, each judged by the model that did not learn from it; else null.</param>
/// <param name="Best">Of finished seeds with validation texts: the folder of the model that is best on them; else null.</param>
/// <param name="IsInterrupted">Whether it was interrupted; it can go on.</param>
public sealed record RepeatedSummary(RepeatKind Kind, IReadOnlyList<RepeatedResult> Results, EvaluationResult? OutOfFold, string? Best, bool IsInterrupted)
{
    internal const string FileName = "metrics.json";

    // More columns than this are wider than most terminals; the single values stand in the JSON.
    private const int MostColumns = 8;

    /// <summary>The mean and the sample standard deviation (over n − 1) of a figure over the runs; NaN where a run has none, or, of the deviation, where there is only one run.</summary>
    /// <param name="key">Its key, such as <c>accuracy</c>.</param>
    public (double Mean, double Deviation) Of(string key) => Statistics([.. Results.Select(result => result.Figures.First(figure => figure.Key == key).Value)]);

    /// <summary>A line for each figure: its value in each run, mean, deviation, and what the baseline has on average. Lines end with a line feed.</summary>
    public string ToTable()
    {
        if (Results.Count == 0)
        {
            return "";
        }

        var figures = Results[0].Figures;
        var hasBaseline = figures.Any(figure => !double.IsNaN(figure.Baseline));
        var shown = Results.Count <= MostColumns ? Results : [];
        var table = new TextTable(
        [
            $"{Results.Count.ToString(CultureInfo.InvariantCulture)} {(Results.Count == 1 ? "run" : "runs")}", .. shown.Select(result => result.Name.Replace('-', ' ')), "mean", "deviation",
            .. hasBaseline ? (string[])["baseline"] : [],
        ]);
        foreach (var (i, figure) in figures.Index())
        {
            var (mean, deviation) = Of(figure.Key);
            table.Add(
            [
                figure.Name, .. shown.Select(result => EvaluationResult.Figure(result.Figures[i].Value)), EvaluationResult.Figure(mean), EvaluationResult.Figure(deviation),
                .. hasBaseline ? (string[])[EvaluationResult.Figure(Results.Average(result => result.Figures[i].Baseline))] : [],
            ]);
        }

        var text = new StringBuilder(table.ToString());
        if (OutOfFold is not null)
        {
            text.Append("\nAll texts, each judged by the model that did not learn from it:\n").Append(OutOfFold.ToTable());
        }

        return text.ToString();
    }

    /// <summary>
    /// Writes an object: <c>repeats</c>, <c>interrupted</c>, <c>best</c>, <c>runs</c> (each with <c>name</c>, <c>seconds</c>, <c>epoch</c>, <c>validation</c> and <c>figures</c>),
    /// <c>figures</c> (under each key <c>mean</c>, <c>deviation</c> and <c>baseline</c>), and, of finished folds, <c>out_of_fold</c>.
    /// </summary>
    /// <param name="writer">The writer, where a value is expected.</param>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("repeats", Kind == RepeatKind.Seeds ? "seeds" : "folds");
        writer.WriteBoolean("interrupted", IsInterrupted);
        writer.WriteString("best", Best);
        writer.WriteStartArray("runs");
        foreach (var result in Results)
        {
            result.Write(writer);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("figures");
        foreach (var (i, figure) in (Results.Count == 0 ? [] : Results[0].Figures).Index())
        {
            var (mean, deviation) = Of(figure.Key);
            writer.WriteStartObject(figure.Key);
            JsonFigure.Write(writer, "mean", mean);
            JsonFigure.Write(writer, "deviation", deviation);
            JsonFigure.Write(writer, "baseline", Results.Average(result => result.Figures[i].Baseline));
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        if (OutOfFold is not null)
        {
            writer.WritePropertyName("out_of_fold");
            OutOfFold.WriteJson(writer);
        }

        writer.WriteEndObject();
    }

    private static (double Mean, double Deviation) Statistics(double[] values)
    {
        var mean = values.Average();
        return (mean, values.Length < 2 ? double.NaN : Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1)));
    }
}
