using System.Globalization;

namespace Beret.Data.Files;

/// <summary>What of a row is used.</summary>
/// <param name="File">What messages call its table.</param>
/// <param name="Source">What it is told by: its line, and its table where there are several.</param>
/// <param name="Fault">What is wrong with it; null: nothing but perhaps its label.</param>
internal readonly record struct UsedRow(string? Text, string? Pair, string? Label, string? Group, string File, long Line, string Source, string? Fault);

/// <summary>The rows of tables that have the same columns, one table after the other.</summary>
/// <param name="Names">Of the columns; null: they have none.</param>
/// <param name="Columns">Those that are used.</param>
/// <param name="Rows">The rows, in order.</param>
internal sealed record TableRows(IReadOnlyList<string>? Names, TableColumns Columns, IReadOnlyList<UsedRow> Rows)
{
    private const int RowsBetweenReports = 4096;

    /// <summary>Reads them. The first table says which columns there are, and the others must have the same, in any order where they are named.</summary>
    /// <param name="files">The tables; each is read before the next is asked for.</param>
    /// <param name="areSeveral">Whether rows are told by their table as well.</param>
    /// <param name="options">How they are read.</param>
    /// <param name="origin">What messages call all of them.</param>
    /// <param name="progress">Told now and then how many rows there are.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="DataException">A table cannot be read, has no rows or other columns, or there is too much text.</exception>
    public static TableRows Read(
        IEnumerable<TableFile> files, bool areSeveral, DataOptions options, string origin, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        var used = new List<UsedRow>();
        (string Name, IReadOnlyList<string>? Names, int Width, TableColumns Columns)? first = null;
        long characters = 0;
        foreach (var file in files)
        {
            var isJson = file.Format is TableFormat.JsonLines or TableFormat.Json;
            var (keys, rows) = (new List<string>(), new List<TableRow>());
            foreach (var row in isJson ? JsonRows.Read(file, options, keys, cancellation) : DelimitedRows.Read(file, options, cancellation))
            {
                rows.Add(row);
                characters += row.Cells.Sum(cell => (long)(cell?.Length ?? 0) + 8);
                if (characters > options.MaxTotalBytes / sizeof(char))
                {
                    throw new DataException($"{origin} holds more than {Shown.Bytes(options.MaxTotalBytes)} of text, the most that is read.");
                }

                if (rows.Count % RowsBetweenReports == 0)
                {
                    progress?.Report(new LoadProgress(used.Count + rows.Count, 0));
                }
            }

            var hasHeader = !isJson && rows.Count > 0 && (options.Table.HasHeader
                ?? (first is { } before ? HasNames(rows[0], before.Names) : TableColumns.IsHeader(rows[0].Cells, rows.Skip(1), options.Table)));
            IReadOnlyList<string>? names = isJson ? keys : hasHeader ? [.. rows[0].Cells.Select(cell => cell ?? "")] : null;
            var data = hasHeader ? rows[1..] : rows;
            if (data.Count == 0)
            {
                throw new DataException($"{file.Name} holds no rows{(hasHeader ? " below the names of its columns" : "")}.");
            }

            var width = names?.Count ?? data[0].Cells.Length;
            first ??= (file.Name, names, width, TableColumns.Choose(names, width, data, options.Table, file.Name));
            var columns = first.Value.Name == file.Name ? first.Value.Columns : Matched(file.Name, names, rows[0].Cells, isJson, first.Value);
            foreach (var row in data)
            {
                used.Add(Use(row, columns));
            }

            UsedRow Use(in TableRow row, TableColumns columns)
            {
                var lists = row.Lists;
                var text = TableColumns.Cell(row, columns.Text);
                var pair = columns.Pair is { } second ? TableColumns.Cell(row, second) : null;
                var group = columns.Group is { } third ? TableColumns.Cell(row, third)?.Trim() : null;
                var fault = row.FaultIn(isJson ? null : width, hasHeader)
                    ?? TableRow.FaultOf(text, pair, columns.Pair is not null)
                    ?? (IsList(columns.Text) || (columns.Pair is { } other && IsList(other)) ? "its text is a list" : null)
                    ?? (columns.Group is not null && string.IsNullOrEmpty(group) ? "it has no group" : null);
                var line = string.Create(CultureInfo.InvariantCulture, $"line {row.Line}");
                return new UsedRow(
                    text, pair, TableColumns.Cell(row, columns.Label)?.Trim(), group, file.Name, row.Line, areSeveral ? $"{file.Part}, {line}" : line, fault);

                bool IsList(int column) => lists?.Contains(column) == true;
            }
        }

        return first is { } all ? new TableRows(all.Names, all.Columns, used) : throw new DataException($"{origin} holds no tables.");
    }

    private static bool HasNames(in TableRow row, IReadOnlyList<string>? names) => names is not null && row.Cells.Select(cell => cell ?? "").Order(StringComparer.Ordinal).SequenceEqual(names.Order(StringComparer.Ordinal));

    /// <summary>Where another table has the columns that are used of the first.</summary>
    private static TableColumns Matched(
        string file, IReadOnlyList<string>? names, string?[] firstRow, bool isJson, (string Name, IReadOnlyList<string>? Names, int Width, TableColumns Columns) first)
    {
        if (names is null || first.Names is null)
        {
            return names is null && first.Names is null && firstRow.Length == first.Width ? first.Columns : throw Differs();
        }

        // What is a key of some objects only makes no other table of them.
        return isJson || names.Order(StringComparer.Ordinal).SequenceEqual(first.Names.Order(StringComparer.Ordinal))
            ? new TableColumns(Place(first.Columns.Text), first.Columns.Pair is { } pair ? Place(pair) : null, Place(first.Columns.Label), first.Columns.Group is { } group ? Place(group) : null)
            : throw Differs();

        int Place(int column) => names.Index().Where(name => name.Item == first.Names[column]).Select(name => (int?)name.Index).FirstOrDefault() ?? throw Differs();

        DataException Differs() => new(
            $"{file} has other columns ({Columns(names ?? (first.Names is null ? null : [.. firstRow.Select(cell => cell ?? "")]), firstRow.Length)}) than {first.Name} ({Columns(first.Names, first.Width)}). Tables that are read together have the same ones.");

        static string Columns(IReadOnlyList<string>? names, int width) =>
            names is null ? $"{Shown.Count(width)} without names" : string.Join(", ", names.Take(20).Select(name => $"`{Shown.Path(name)}`")) + (names.Count > 20 ? ", …" : "");
    }
}
