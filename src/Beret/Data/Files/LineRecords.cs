namespace Beret.Data.Files;

/// <summary>A text on each line; an empty line is an empty text.</summary>
internal sealed class LineRecords(CountingStream stream, string name, DataOptions options) : RecordFile(stream, name, RecordFormat.Text, options)
{
    public override IReadOnlyList<string>? Columns => null;

    public override IEnumerable<InputRecord> Read(CancellationToken cancellation = default)
    {
        using var bytes = Contents.OpenBytes(Options, cancellation);
        long row = 0;
        foreach (var line in TextLines.ReadAsync(bytes, Shown.Path(Name), Options.MaxTextBytes, cancellation).ToBlockingEnumerable(cancellation))
        {
            yield return new InputRecord(line, null, ++row);
        }
    }
}
