using Beret.Data.Files;

namespace Beret.Data;

/// <summary>What a file of records is written as.</summary>
public enum RecordFormat
{
    /// <summary>CSV: cells between commas, semicolons, tabs or bars.</summary>
    Csv,

    /// <summary>Cells between tabs.</summary>
    Tsv,

    /// <summary>A JSON object on each line.</summary>
    JsonLines,

    /// <summary>A JSON array of objects, or an object that holds one.</summary>
    Json,

    /// <summary>A text on each line, and nothing else.</summary>
    Text,
}

/// <summary>
/// Texts to be classified, with whatever stands beside them: a table, JSON, or a text on each line; plain or behind gzip, in UTF-8 or, with a byte order mark, in UTF-16. It is read once, from its beginning to its end, in constant
/// memory.
/// </summary>
public abstract class RecordFile : IDisposable
{
    private readonly CountingStream counted;

    private protected RecordFile(CountingStream counted, string name, RecordFormat format, DataOptions options)
    {
        this.counted = counted;
        Name = name;
        Format = format;
        Options = options;
    }

    /// <summary>What messages call it.</summary>
    public string Name { get; }

    /// <summary>What it is written as.</summary>
    public RecordFormat Format { get; }

    /// <summary>The names of a table's columns; null where it has none, and where it is no table.</summary>
    public abstract IReadOnlyList<string>? Columns { get; }

    /// <summary>The number of cells in each row of a table; 0 where it is none.</summary>
    public virtual int Width => 0;

    /// <summary>Which columns or keys the texts were found in, in a sentence; null where that was not asked.</summary>
    public virtual string? Note => null;

    /// <summary>Where in a row the texts are: the columns or keys; "" where a row is the text.</summary>
    public virtual string TextsAt => "";

    /// <summary>The size in bytes, as it lies there; 0: not known.</summary>
    public long Size => counted.Size;

    /// <summary>The rows that could not be used so far, with what is wrong with each; the first thousand of them.</summary>
    public IReadOnlyList<string> Faults => faults;

    /// <summary>How many rows could not be used so far.</summary>
    public long FaultCount { get; private set; }

    /// <summary>The share of the file that has been read; null where its size is not known.</summary>
    public double? Fraction => counted.Size > 0 ? Math.Min(1, (double)counted.Count / counted.Size) : null;

    private protected DataOptions Options { get; }

    private readonly List<string> faults = [];

    /// <summary>The format that a name says, behind <c>.gz</c> too: of <c>.csv</c>, <c>.tsv</c>, <c>.jsonl</c>, <c>.json</c> and their like; of any other, a text on each line.</summary>
    public static RecordFormat FormatOf(string name) => TableFile.FormatOf(name) switch
    {
        TableFormat.Csv => RecordFormat.Csv,
        TableFormat.Tsv => RecordFormat.Tsv,
        TableFormat.JsonLines => RecordFormat.JsonLines,
        TableFormat.Json => RecordFormat.Json,
        _ => RecordFormat.Text,
    };

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="format">What it is written as; null: told by its name.</param>
    /// <param name="options">Which columns hold the texts, what is done with rows that cannot be used, and the limits; null for the defaults.</param>
    /// <exception cref="DataException">It cannot be read, or it is not clear where the texts are.</exception>
    public static RecordFile Open(string path, RecordFormat? format = null, DataOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
            return Open(file, file.Length, path, format ?? FormatOf(path), options);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{Shown.Path(path)} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Reads a stream, which is closed at the end.</summary>
    /// <param name="stream">The stream. One that begins as gzip does is unpacked.</param>
    /// <param name="size">Its size in bytes; 0: not known.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="format">What it is written as.</param>
    /// <param name="options">As with a path.</param>
    /// <exception cref="DataException">It cannot be read, or it is not clear where the texts are.</exception>
    public static RecordFile Open(Stream stream, long size, string name, RecordFormat format, DataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        options ??= DataOptions.Default;
        var counted = new CountingStream(stream, size);
        try
        {
            return format switch
            {
                RecordFormat.JsonLines or RecordFormat.Json => new JsonRecords(counted, name, format, options),
                RecordFormat.Text => new LineRecords(counted, name, options),
                _ => new TableRecords(counted, name, format, options),
            };
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The records that can be used, one after the other. May be called once.</summary>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="DataException">The file cannot be read, or a row cannot be used and such rows are not to be skipped.</exception>
    public abstract IEnumerable<InputRecord> Read(CancellationToken cancellation = default);

    /// <inheritdoc/>
    public void Dispose()
    {
        counted.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The bytes, as a table's are read. Of a text on each line its format is of no account.</summary>
    private protected TableFile Contents => new(
        Name, Format switch { RecordFormat.Csv => TableFormat.Csv, RecordFormat.Tsv => TableFormat.Tsv, RecordFormat.Json => TableFormat.Json, _ => TableFormat.JsonLines }, () => counted);

    /// <summary>Notes a row that cannot be used.</summary>
    /// <exception cref="DataException">Such rows are not to be skipped.</exception>
    private protected void Refuse(long line, string fault)
    {
        const int MostFaults = 1000;
        if (Options.Table.BadRows == FaultPolicy.Fail)
        {
            throw new DataException($"{Shown.Path(Name)}, line {line}: {fault}. Mend the row, or leave out such rows (--on-bad-row skip).");
        }

        FaultCount++;
        if (faults.Count < MostFaults)
        {
            faults.Add($"line {line}: {fault}");
        }
    }
}
