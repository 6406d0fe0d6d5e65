using Beret.Data;
using Beret.Inference;

namespace Beret.Batches;

/// <summary>How answers are written behind what the input said.</summary>
internal abstract class AnswerFormat
{
    /// <summary>The format that a file's name says.</summary>
    /// <param name="job">Where from and where to.</param>
    /// <param name="model">The model that answers.</param>
    /// <exception cref="BatchException">That format cannot hold what the input says.</exception>
    public static AnswerFormat Of(BatchJob job, ModelDescription model)
    {
        var format = job.Output.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)
            ? throw new BatchException($"{job.Output}: what is written can be gone on with, and is not compressed; leave out .gz")
            : RecordFile.FormatOf(job.Output);
        return format switch
        {
            RecordFormat.JsonLines => new JsonLineAnswers(job, model),
            RecordFormat.Json => throw new BatchException($"{job.Output}: a JSON array cannot be gone on with where it was; write JSON lines (.jsonl)"),
            RecordFormat.Text => throw new BatchException($"{job.Output}: its name says how answers are to be written: .jsonl, or .csv or .tsv for a table"),
            _ when job.Input.Format is RecordFormat.JsonLines or RecordFormat.Json => throw new BatchException($"{job.Output}: the objects of JSON need not have the same keys, as the rows of a table do; write JSON lines (.jsonl)"),
            RecordFormat.Tsv when job.Input.Format == RecordFormat.Csv => throw new BatchException($"{job.Output}: the cells of CSV may hold tabs and line ends, and those of TSV cannot; write .csv or .jsonl"),
            _ => new TableAnswers(job, model, format == RecordFormat.Tsv ? '\t' : ','),
        };
    }

    /// <summary>Writes what stands above all rows.</summary>
    public virtual void WriteHeader(Stream stream)
    {
    }

    /// <summary>Writes a row, with its line end.</summary>
    public abstract void Write(Stream stream, InputRecord record, Prediction prediction);
}
