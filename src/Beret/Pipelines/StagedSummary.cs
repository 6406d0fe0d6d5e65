using System.Globalization;
using System.Text.Json;
using Beret.Evaluation;

namespace Beret.Pipelines;

/// <summary>A staged run that is finished, failed a gate, or was interrupted.</summary>
/// <param name="Results">What came of the stages that were gone through, the failed one included.</param>
/// <param name="Failure">Why the last of them did not pass its gate; null where it did.</param>
/// <param name="Kept">The folder of the last classifier that passed its gate; null where there is none.</param>
/// <param name="IsInterrupted">Whether it was interrupted; it can go on.</param>
public sealed record StagedSummary(IReadOnlyList<StageResult> Results, string? Failure, string? Kept, bool IsInterrupted)
{
    /// <summary>A line for each stage: accuracy, loss, size, seconds, texts a second. Lines end with a line feed.</summary>
    public string ToTable()
    {
        var table = new TextTable(["stage", "accuracy", "loss", "size", "seconds", "texts/s"]);
        foreach (var result in Results)
        {
            table.Add(
            [
                result.Stage.Format(),
                result.Accuracy?.ToString("0.0000", CultureInfo.InvariantCulture) ?? "-",
                result.Loss.ToString("0.0000", CultureInfo.InvariantCulture),
                result.Bytes == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{result.Bytes / 1e6:0.0} MB"),
                result.Seconds.ToString("0.0", CultureInfo.InvariantCulture),
                result.TextsPerSecond?.ToString("0", CultureInfo.InvariantCulture) ?? "-",
            ]);
        }

        return table.ToString();
    }

    /// <summary>Writes the summary as a JSON object.</summary>
    /// <param name="writer">The writer, where a value is expected.</param>
    public void WriteJson(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteBoolean("interrupted", IsInterrupted);
        writer.WriteString("failure", Failure);
        writer.WriteString("kept", Kept);
        writer.WriteStartArray("stages");
        foreach (var result in Results)
        {
            result.Write(writer);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
