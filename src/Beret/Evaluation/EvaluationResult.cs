using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Beret.Evaluation;

/// <summary>What an evaluation found: the figures that every task has. Each kind of task adds its own.</summary>
public abstract record EvaluationResult
{
    /// <summary>The kind of task, as it stands in JSON: <c>binary</c>, <c>multi-class</c>, <c>multi-label</c>, <c>regression</c>.</summary>
    public abstract string Task { get; }

    /// <summary>The number of examples evaluated.</summary>
    public required int Count { get; init; }

    /// <summary>The mean loss per example, with the normal interval of a mean (± 1.96 s/√n).</summary>
    public required Estimate Loss { get; init; }

    /// <summary>What a plain linear model on words reaches on the same examples, to say what this one is worth; or null.</summary>
    public EvaluationResult? Baseline { get; init; }

    /// <summary>The headline figures in the order in which they are printed, loss first.</summary>
    public abstract IReadOnlyList<Metric> Metrics { get; }

    /// <summary>The one figure that a model is told by, higher is better: the accuracy, of a multi-label task the micro-averaged F1, of a regression Pearson's correlation.</summary>
    public virtual Metric Headline => Metrics.First(metric => metric.Key == "accuracy");

    /// <summary>The confusion matrix, or null for a task without classes.</summary>
    public virtual ConfusionMatrix? Confusion => null;

    /// <summary>
    /// Precision, recall and F1 of each class in the model's order; empty where the task has none to show beside <see cref="Metrics"/>.
    /// </summary>
    public virtual IReadOnlyList<ClassMetrics> Classes => [];

    /// <summary>The figure under a key such as <c>accuracy</c> or <c>roc_auc</c>, or null where this task has none of that name.</summary>
    public Estimate? Find(string key) => Metrics.FirstOrDefault(metric => metric.Key == key)?.Estimate;

    /// <summary>The figures, their 95% intervals and the confusion matrix as aligned plain text. Lines end with a line feed.</summary>
    public string ToTable()
    {
        var table = new TextTable([$"{Count.ToString(CultureInfo.InvariantCulture)} examples", "value", "95% interval", .. Baseline is null ? (string[])[] : ["baseline"]]);
        foreach (var metric in Metrics)
        {
            table.Add([metric.Name, Figure(metric.Estimate.Value), Range(metric.Estimate), .. Baseline is null ? (string[])[] : [Figure(BaselineOf(metric))]]);
        }

        var text = new StringBuilder(table.ToString());
        if (Classes.Count > 0)
        {
            var classes = new TextTable(["class", "precision", "recall", "f1", "support"]);
            foreach (var row in Classes)
            {
                classes.Add([row.Label, Figure(row.Precision.Value), Figure(row.Recall.Value), Figure(row.F1.Value), row.Support.ToString(CultureInfo.InvariantCulture)]);
            }

            text.Append('\n').Append(classes);
        }

        // Beyond this the matrix is wider than any terminal; it stands in the JSON.
        if (Confusion is { Labels.Count: <= 12 } confusion)
        {
            text.Append('\n').Append(confusion.ToTable());
        }

        var notes = Notes().ToList();
        if (notes.Count > 0)
        {
            text.Append('\n');
            foreach (var (name, note) in notes)
            {
                text.Append(TextTable.Printable(name)).Append(": ").Append(note).Append('\n');
            }
        }

        return text.ToString();
    }

    /// <summary>The evaluation as indented JSON with stable keys: see <see cref="WriteJson"/>. Ends with a line feed.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, IndentSize = 2, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            WriteJson(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    /// <summary>
    /// Writes one object: <c>task</c>, <c>examples</c>, each figure under its key (null where it is not defined), <c>intervals_95</c> with [lower,
    /// upper] under the same keys, <c>baseline</c> with the figures of <see cref="Baseline"/> under the same keys where there is one,
    /// then what the task adds (<c>labels</c>, <c>confusion_matrix</c> by rows of the true class, <c>per_class</c>), and <c>notes</c> where something
    /// is not defined.
    /// </summary>
    /// <param name="writer">The writer, where a value is expected.</param>
    public void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("task", Task);
        writer.WriteNumber("examples", Count);
        foreach (var metric in Metrics)
        {
            JsonFigure.Write(writer, metric.Key, metric.Estimate.Value);
        }

        writer.WriteStartObject("intervals_95");
        foreach (var metric in Metrics)
        {
            WriteInterval(writer, metric.Key, metric.Estimate);
        }

        writer.WriteEndObject();
        if (Baseline is { } baseline)
        {
            writer.WriteStartObject("baseline");
            foreach (var metric in baseline.Metrics)
            {
                JsonFigure.Write(writer, metric.Key, metric.Estimate.Value);
            }

            writer.WriteEndObject();
        }

        if (Confusion is { } confusion)
        {
            writer.WriteStartArray("labels");
            foreach (var label in confusion.Labels)
            {
                writer.WriteStringValue(label);
            }

            writer.WriteEndArray();
            writer.WritePropertyName("confusion_matrix");
            confusion.WriteJson(writer);
        }

        if (Classes.Count > 0)
        {
            WriteClasses(writer);
        }

        if (Notes().Any())
        {
            writer.WriteStartObject("notes");
            foreach (var (name, note) in Notes())
            {
                writer.WriteString(name, note);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    /// <summary>The table: see <see cref="ToTable"/>.</summary>
    public sealed override string ToString() => ToTable();

    /// <summary>A figure with four decimals, or a dash where it is not defined.</summary>
    internal static string Figure(double value) => double.IsFinite(value) ? value.ToString("F4", CultureInfo.InvariantCulture) : "-";

    /// <summary>An interval as "0.8531 to 0.8618", or a dash.</summary>
    internal static string Range(Estimate estimate) => estimate.Interval95 is { } range ? $"{Figure(range.Lower)} to {Figure(range.Upper)}" : "-";

    /// <summary>The baseline's value of a figure.</summary>
    internal double BaselineOf(Metric metric) => Baseline?.Find(metric.Key)?.Value ?? double.NaN;

    /// <summary>What is not defined and why: by the metric's key, or the class's name.</summary>
    internal IEnumerable<(string Name, string Note)> Notes()
    {
        foreach (var metric in Metrics)
        {
            if (metric.Estimate.Note is { } note)
            {
                yield return (metric.Key, note);
            }
        }

        foreach (var row in Classes)
        {
            if ((row.F1.Note ?? row.Precision.Note ?? row.Recall.Note) is { } note)
            {
                yield return ($"class {row.Label}", note);
            }
        }
    }

    private void WriteClasses(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("per_class");
        foreach (var row in Classes)
        {
            writer.WriteStartObject();
            writer.WriteString("label", row.Label);
            JsonFigure.Write(writer, "precision", row.Precision.Value);
            JsonFigure.Write(writer, "recall", row.Recall.Value);
            JsonFigure.Write(writer, "f1", row.F1.Value);
            writer.WriteNumber("support", row.Support);
            writer.WriteNumber("predicted", row.Predicted);
            writer.WriteStartObject("intervals_95");
            WriteInterval(writer, "precision", row.Precision);
            WriteInterval(writer, "recall", row.Recall);
            WriteInterval(writer, "f1", row.F1);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteInterval(Utf8JsonWriter writer, string key, Estimate estimate)
    {
        if (estimate.Interval95 is not { } range)
        {
            writer.WriteNull(key);
            return;
        }

        writer.WriteStartArray(key);
        writer.WriteNumberValue(range.Lower);
        writer.WriteNumberValue(range.Upper);
        writer.WriteEndArray();
    }
}
