using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Data;
using Beret.Inference;

namespace Beret.Batches;

/// <summary>JSON lines: the object of the input, or one of a table's cells, with the answer as an object under a key of its own.</summary>
internal sealed class JsonLineAnswers(BatchJob job, ModelDescription model) : AnswerFormat
{
    private readonly string[] columns = [.. job.Input.Columns ?? Enumerable.Range(1, job.Input.Width).Select(number => $"column {number}")];

    public override void Write(Stream stream, InputRecord record, Prediction prediction)
    {
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            WriteInput(json, record);
            json.WriteStartObject(job.Name);
            if (job.Shard.Count > 1)
            {
                json.WriteNumber("row", record.Row);
            }

            PredictionJson.WriteMembers(json, prediction, model);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private void WriteInput(Utf8JsonWriter json, InputRecord record)
    {
        if (record.Json is not null)
        {
            using var document = JsonDocument.Parse(record.Json);
            foreach (var property in document.RootElement.EnumerateObject().Where(property => property.Name != job.Name))
            {
                property.WriteTo(json);
            }
        }
        else if (record.Cells.Count == 0)
        {
            json.WriteString("text", record.Text);
        }
        else
        {
            foreach (var (name, cell) in columns.Zip(record.Cells).Where(column => column.First != job.Name))
            {
                json.WriteString(name, cell);
            }
        }
    }
}
