using System.Text;
using CsvHelper;

namespace Beret.Data.Files;

/// <summary>The rows of CSV and TSV. Which character stands between the cells of CSV is told by the first lines.</summary>
internal static class DelimitedRows
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>All rows, the first one too, one after the other.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">The limits.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="DataException">The file cannot be read, or has a row that is too large.</exception>
    public static IEnumerable<TableRow> Read(TableFile file, DataOptions options, CancellationToken cancellation = default)
    {
        string? fault = null;
        var isTsv = file.Format == TableFormat.Tsv;
        using var reader = CsvReader.Create(file.OpenBytes(options, cancellation), new CsvReaderOptions
        {
            HasHeader = false,
            Separator = isTsv ? '\t' : null,
            Mode = isTsv ? CsvMode.NoEscape : CsvMode.Rfc4180,
            MaxRecordSize = options.MaxTextBytes,
            TrackLineNumbers = true,
            OnMalformedRecord = record => fault = record.Reason switch
            {
                CsvMalformedReason.UnterminatedQuote => "a quotation mark is not closed",
                CsvMalformedReason.TextAfterClosingQuote => "a cell goes on behind its closing quotation mark",

                // A mark within a cell without marks, as in 5" screen, is text.
                _ => null,
            },
        });
        while (Next())
        {
            cancellation.ThrowIfCancellationRequested();
            yield return Row();
        }

        bool Next()
        {
            try
            {
                fault = null;
                return reader.Read();
            }
            catch (CsvFormatException e)
            {
                throw new DataException(
                    $"{Shown.Path(file.Name)}, line {e.LineNumber}: the row is longer than {Shown.Bytes(options.MaxTextBytes)}, the most that is read. Is a quotation mark not closed?", e);
            }
        }

        TableRow Row()
        {
            var cells = new string?[reader.FieldCount];
            for (var i = 0; i < cells.Length; i++)
            {
                var bytes = reader.GetSpan(i);
                try
                {
                    cells[i] = (options.BadUtf8 == FaultPolicy.Keep ? Encoding.UTF8 : Strict).GetString(bytes);
                }
                catch (DecoderFallbackException e)
                {
                    fault = $"a cell is {Utf8Fault.Describe(bytes, e)}; the file may be in another encoding (iconv -f WINDOWS-1252 -t UTF-8)";
                }
            }

            return new TableRow(cells, reader.LineNumber, fault);
        }
    }
}
