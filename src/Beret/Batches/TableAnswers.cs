using System.Buffers;
using System.Globalization;
using System.Text;
using Beret.Data;
using Beret.Inference;

namespace Beret.Batches;

/// <summary>A table: the cells of the input, then the label (of several, with a bar between them; of a regression the number), and the score of a label. UTF-8, lines end with a line feed.</summary>
internal sealed class TableAnswers(BatchJob job, ModelDescription model, char separator) : AnswerFormat
{
    private static readonly SearchValues<char> Special = SearchValues.Create("\",\r\n");

    private readonly LabelKind kind = model.ClassificationTask.Kind;

    /// <summary>Names, where the input's columns have such.</summary>
    public override void WriteHeader(Stream stream)
    {
        if (job.Input.Columns is not null || job.Input.Width == 0)
        {
            WriteLine(stream,
            [
                .. job.Input.Columns ?? ["text"], job.Name, .. kind == LabelKind.Class ? (string[])[$"{job.Name}_score"] : [], .. job.Shard.Count > 1 ? (string[])[$"{job.Name}_row"] : [],
            ]);
        }
    }

    public override void Write(Stream stream, InputRecord record, Prediction prediction) => WriteLine(stream,
    [
        .. record.Cells.Count > 0 ? record.Cells : [record.Text],
        kind switch
        {
            LabelKind.Set => string.Join('|', prediction.Labels),
            LabelKind.Number => Number(prediction.Score),
            _ => prediction.Label,
        },
        .. kind == LabelKind.Class ? (string[])[Number(prediction.Score)] : [],
        .. job.Shard.Count > 1 ? (string[])[record.Row.ToString(CultureInfo.InvariantCulture)] : [],
    ]);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private void WriteLine(Stream stream, IEnumerable<string?> cells) => stream.Write(Encoding.UTF8.GetBytes(string.Join(separator, cells.Select(Cell)) + "\n"));

    /// <summary>A cell as RFC 4180 has it. A tab between cells leaves them as they are: what was read from between tabs holds none.</summary>
    private string Cell(string? cell) => cell is null ? ""
        : separator == ',' && (cell.AsSpan().ContainsAny(Special) || cell.StartsWith(' ') || cell.EndsWith(' ')) ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : cell;
}
