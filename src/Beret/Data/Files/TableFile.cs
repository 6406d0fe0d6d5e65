using System.IO.Compression;

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
}

/// <summary>A row: its cells, null where there is none, and the line that it begins on, counted from 1.</summary>
/// <param name="Fault">What is wrong with the row; null: nothing.</param>
internal readonly record struct TableRow(string?[] Cells, long Line, string? Fault = null)
{
    /// <summary>The cells that are lists of JSON, as they are written; null: none.</summary>
    public IReadOnlySet<int>? Lists { get; init; }
}

/// <summary>A file with a table, plain or behind gzip.</summary>
/// <param name="path">Where it is; what messages call it.</param>
/// <param name="format">What it is written as.</param>
/// <param name="open">Opens its bytes, unpacked; null for the file at the path.</param>
internal sealed class TableFile(string path, TableFormat format, Func<Stream>? open = null)
{
    public string Path => path;

    public TableFormat Format => format;

    /// <summary>The format by the file's name; null where that is no table's.</summary>
    public static TableFormat? FormatOf(string path)
    {
        var name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return System.IO.Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".CSV" => TableFormat.Csv,
            ".TSV" or ".TAB" => TableFormat.Tsv,
            ".JSONL" or ".NDJSON" => TableFormat.JsonLines,
            _ => null,
        };
    }

    /// <summary>The bytes, unpacked.</summary>
    public Stream OpenBytes()
    {
        try
        {
            if (open is not null)
            {
                return open();
            }

            Stream file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16, FileOptions.SequentialScan);
            return path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(file, CompressionMode.Decompress) : file;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw Unreadable(e);
        }
    }

    public DataException Unreadable(Exception e) => new($"{Shown.Path(path)} cannot be read: {e.Message}", e);
}
