namespace Beret.Data.Files;

/// <summary>What a table is written as.</summary>
internal enum TableFormat
{
    /// <summary>Cells between commas, semicolons, tabs or bars, in quotation marks where they hold such a character or a line's end (RFC 4180).</summary>
    Csv,

    /// <summary>Cells between tabs; quotation marks mean nothing.</summary>
    Tsv,

    /// <summary>A JSON object on each line.</summary>
    JsonLines,

    /// <summary>A JSON array of objects, or an object that holds one.</summary>
    Json,
}

/// <summary>A row: its cells, null where there is none, and the line that it begins on, counted from 1.</summary>
/// <param name="Fault">What is wrong with the row; null: nothing.</param>
internal readonly record struct TableRow(string?[] Cells, long Line, string? Fault = null)
{
    /// <summary>The cells that are lists of JSON, as they are written; null: none.</summary>
    public IReadOnlySet<int>? Lists { get; init; }

    /// <summary>What is wrong with the row, its number of cells among it; null: nothing.</summary>
    /// <param name="width">How many cells a row of the table has; null where that differs from row to row.</param>
    /// <param name="hasHeader">Whether the first row names the columns.</param>
    public string? FaultIn(int? width, bool hasHeader) => Fault
        ?? (Cells.Length != (width ?? Cells.Length) ? $"it has {Shown.Count(Cells.Length, "cell")}, where {(hasHeader ? "the names are" : "the first row has")} {width}" : null);

    /// <summary>What is wrong with the texts of a row; null: nothing.</summary>
    /// <param name="text">The text.</param>
    /// <param name="pair">The second text.</param>
    /// <param name="hasPairs">Whether rows of the table have one.</param>
    public static string? FaultOf(string? text, string? pair, bool hasPairs) => text is null ? "it has no text" : hasPairs && pair is null ? "it has no second text" : null;
}

/// <summary>A table, plain or behind gzip, in UTF-8 or, with a byte order mark, in UTF-16.</summary>
/// <param name="name">What messages call it: its path; of a member of an archive the archive's with the member's behind it.</param>
/// <param name="format">What it is written as.</param>
/// <param name="open">Opens its bytes as they are stored.</param>
/// <param name="part">What its rows are told by, where a data set has several tables; null: its name.</param>
internal sealed class TableFile(string name, TableFormat format, Func<Stream> open, string? part = null)
{
    private CountingStream? stored;

    /// <summary>The formats by the names that a user gives them.</summary>
    public static readonly IReadOnlyDictionary<string, TableFormat> Formats = new Dictionary<string, TableFormat>(StringComparer.Ordinal)
    {
        ["csv"] = TableFormat.Csv, ["tsv"] = TableFormat.Tsv, ["jsonl"] = TableFormat.JsonLines, ["json"] = TableFormat.Json,
    };

    public string Name => name;

    public TableFormat Format => format;

    /// <summary>The share of it that has been read, from 0 to 1; 0 where its size is not known.</summary>
    public double Fraction => stored is { Size: > 0 } ? Math.Min(1, (double)stored.Count / stored.Size) : 0;

    /// <summary>What its rows are told by, where a data set has several tables.</summary>
    public string Part => part ?? name;

    /// <summary>The table in a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">What it is written as.</param>
    /// <param name="part">What its rows are told by, where a data set has several tables; null: its path.</param>
    public static TableFile At(string path, TableFormat format, string? part = null) => new(
        path, format, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16, FileOptions.SequentialScan),
        part);

    /// <summary>The format by a file's name; null where that is no table's.</summary>
    public static TableFormat? FormatOf(string path)
    {
        var plain = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(plain).ToUpperInvariant() switch
        {
            ".CSV" => TableFormat.Csv,
            ".TSV" or ".TAB" => TableFormat.Tsv,
            ".JSONL" or ".NDJSON" => TableFormat.JsonLines,
            ".JSON" => TableFormat.Json,
            _ => null,
        };
    }

    /// <summary>The bytes, unpacked and in UTF-8.</summary>
    /// <exception cref="DataException">It cannot be opened; reading the bytes throws no other error either.</exception>
    public PeekedStream OpenBytes(DataOptions options, CancellationToken cancellation = default)
    {
        PeekedStream bytes;
        try
        {
            var stream = open();
            stored = new CountingStream(stream, stream.CanSeek ? stream.Length : 0);
            bytes = Peeked(stored);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw Unreadable(e);
        }

        if (bytes.Peek(2) is [0x1F, 0x8B])
        {
            bytes = Peeked(new ExpansionGuard(bytes, name, options.MaxCompressionRatio, leaveOpen: false, cancellation));
        }

        return bytes.Peek(4) switch
        {
            [0xFF, 0xFE, 0, 0] or [0, 0, 0xFE, 0xFF] => throw new DataException($"{Shown.Path(name)} is UTF-32; convert it to UTF-8 (iconv -f UTF-32 -t UTF-8)."),
            [0xFF, 0xFE, ..] => Peeked(new Utf16Stream(bytes, isBigEndian: false)),
            [0xFE, 0xFF, ..] => Peeked(new Utf16Stream(bytes, isBigEndian: true)),
            _ => bytes,
        };
    }

    public DataException Unreadable(Exception e) => new($"{Shown.Path(name)} cannot be read: {e.Message}", e);

    private PeekedStream Peeked(Stream stream) => new(stream, Unreadable);
}
