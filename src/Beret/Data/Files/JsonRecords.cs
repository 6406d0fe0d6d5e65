using System.Text;
using System.Text.Json;

namespace Beret.Data.Files;

/// <summary>JSON objects, on lines or in an array. The text is under the key that is asked for, else under the first known one that the first object has.</summary>
internal sealed class JsonRecords(CountingStream stream, string name, RecordFormat format, DataOptions options) : RecordFile(stream, name, format, options)
{
    private string? textKey = options.Table.Text;
    private string? pairKey = options.Table.Pair;
    private string? note;

    public override IReadOnlyList<string>? Columns => null;

    public override string? Note => note;

    public override string TextsAt => $"{Options.Table.Text}, {Options.Table.Pair}";

    public override IEnumerable<InputRecord> Read(CancellationToken cancellation = default)
    {
        long row = 0;
        foreach (var (json, line) in JsonRows.Values(Contents, Options, cancellation))
        {
            row++;
            var (record, fault) = Record(json, row, line);
            if (record is not null)
            {
                yield return record;
            }
            else
            {
                Refuse(line, fault!);
            }
        }
    }

    private (InputRecord? Record, string? Fault) Record(ReadOnlyMemory<byte> json, long row, long line)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return (null, "it is no JSON object");
            }

            Choose(root, line);
            return !root.TryGetProperty(textKey!, out var text) || text.ValueKind != JsonValueKind.String ? (null, $"it has no string under \"{Shown.Path(textKey!)}\"")
                : pairKey is null ? (new InputRecord(text.GetString()!, null, row) { Json = Encoding.UTF8.GetString(json.Span) }, null)
                : !root.TryGetProperty(pairKey, out var pair) || pair.ValueKind != JsonValueKind.String ? (null, $"it has no string under \"{Shown.Path(pairKey)}\"")
                : (new InputRecord(text.GetString()!, pair.GetString()!, row) { Json = Encoding.UTF8.GetString(json.Span) }, null);
        }
        catch (JsonException error)
        {
            return (null, $"it is not valid JSON: {error.Message}");
        }
        catch (InvalidOperationException)
        {
            return (null, "a string holds half of a surrogate pair, which is no character");
        }
    }

    /// <summary>By the first object: which keys hold the texts.</summary>
    private void Choose(JsonElement first, long line)
    {
        if (textKey is not null)
        {
            return;
        }

        string[] keys = [.. first.EnumerateObject().Select(property => property.Name)];
        textKey = TableColumns.TextNames.FirstOrDefault(keys.Contains)
            ?? throw new DataException($"{Shown.Path(Name)}, line {line}: which key holds the text is not clear; name it (--text-column). Its keys are {string.Join(", ", keys.Take(20).Select(key => $"`{Shown.Path(key)}`"))}.");
        pairKey ??= TableColumns.PairNames.FirstOrDefault(key => key != textKey && keys.Contains(key));
        note = $"{Shown.Path(Name)}: the text is under `{textKey}`{(pairKey is null ? "" : $", its pair under `{pairKey}`")}. Others are named with --text-column, --pair-column.";
    }
}
