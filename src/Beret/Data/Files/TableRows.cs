namespace Beret.Data.Files;

/// <summary>The rows of tables that have the same columns, one table after the other.</summary>
/// <param name="Names">Of the columns; null: they have none.</param>
/// <param name="Columns">Those that are used.</param>
/// <param name="Rows">What of the rows is used, in order.</param>
internal sealed record TableRows(IReadOnlyList<string>? Names, TableColumns Columns, RowStore Rows)
{
    private const int RowsBetweenReports = 4096;

    // So many rows say what the columns are, and the row of names.
    private const int SampleRows = TableColumns.SampleRows + 1;

    // Objects of JSON may name their keys late, and are looked through for those that are asked for as far as this.
    private const long SampleCharacters = 32 << 20;

    /// <summary>Reads them. The first table says which columns there are, and the others must have the same, in any order where they are named.</summary>
    /// <param name="files">The tables; each is read before the next is asked for.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="options">How they are read.</param>
    /// <param name="origin">What messages call all of them.</param>
    /// <param name="progress">Told now and then how many rows there are.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="DataException">A table cannot be read, has no rows or other columns, or there is too much text.</exception>
    public static TableRows Read(
        IEnumerable<TableFile> files, int count, DataOptions options, string origin, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        var used = new RowStore(options, origin);
        FirstTable? first = null;
        foreach (var (number, file) in files.Index())
        {
            var isJson = file.Format is TableFormat.JsonLines or TableFormat.Json;
            var keys = new List<string>();
            using var rows = (isJson ? JsonRows.Read(file, options, keys, cancellation) : DelimitedRows.Read(file, options, cancellation)).GetEnumerator();
            var sample = Sample(rows, isJson ? keys : null, Wanted(first, options.Table));
            var hasHeader = !isJson && sample.Count > 0 && (options.Table.HasHeader
                ?? (first is { } before ? HasNames(sample[0], before.Names) : TableColumns.IsHeader(sample[0].Cells, sample.Skip(1), options.Table)));
            IReadOnlyList<string>? names = isJson ? keys : hasHeader ? [.. sample[0].Cells.Select(cell => cell ?? "")] : null;
            var data = hasHeader ? sample[1..] : sample;
            if (data.Count == 0)
            {
                throw new DataException($"{file.Name} holds no rows{(hasHeader ? " below the names of its columns" : "")}.");
            }

            var width = names?.Count ?? data[0].Cells.Length;
            var isFirst = first is null;
            first ??= new FirstTable(file.Name, names, width, TableColumns.Choose(names, width, data, options.Table, file.Name));
            var columns = isFirst ? first.Columns : Matched(file.Name, names, sample[0].Cells, isJson, first);
            used.Begin(file.Name, count > 1 ? file.Part : null);
            foreach (var row in data)
            {
                Use(row);
            }

            // They are not held while the rest is read.
            (data, sample) = ([], []);
            while (rows.MoveNext())
            {
                Use(rows.Current);
            }

            void Use(in TableRow row)
            {
                var lists = row.Lists;
                var text = TableColumns.Cell(row, columns.Text);
                var pair = columns.Pair is { } second ? TableColumns.Cell(row, second) : null;
                var group = columns.Group is { } third ? TableColumns.Cell(row, third)?.Trim() : null;
                var fault = row.FaultIn(isJson ? null : width, hasHeader)
                    ?? TableRow.FaultOf(text, pair, columns.Pair is not null)
                    ?? (IsList(columns.Text) || (columns.Pair is { } other && IsList(other)) ? "its text is a list" : null)
                    ?? (columns.Group is not null && string.IsNullOrEmpty(group) ? "it has no group" : null);
                used.Add(row.Line, text, pair, TableColumns.Cell(row, columns.Label)?.Trim(), group, fault);
                if (used.Count % RowsBetweenReports == 0)
                {
                    progress?.Report(new LoadProgress(used.Count, (number + file.Fraction) / count));
                }

                bool IsList(int column) => lists?.Contains(column) == true;
            }
        }

        return first is { } all ? new TableRows(all.Names, all.Columns, used) : throw new DataException($"{origin} holds no tables.");
    }

    /// <summary>The first rows, by which columns are found.</summary>
    /// <param name="rows">All rows.</param>
    /// <param name="keys">Of JSON: the keys of the rows that have been read; else null.</param>
    /// <param name="wanted">The keys that are looked for.</param>
    private static List<TableRow> Sample(IEnumerator<TableRow> rows, List<string>? keys, IReadOnlyList<string> wanted)
    {
        var sample = new List<TableRow>();
        long characters = 0;
        while ((sample.Count < SampleRows || (keys is not null && characters < SampleCharacters && !wanted.All(keys.Contains))) && rows.MoveNext())
        {
            sample.Add(rows.Current);
            characters += rows.Current.Cells.Sum(cell => (long)(cell?.Length ?? 0));
        }

        return sample;
    }

    /// <summary>The keys that another table of JSON, or the user, says that there are.</summary>
    private static IReadOnlyList<string> Wanted(FirstTable? first, TableOptions asked) => first is { Names: { } names, Columns: var used }
        ? [.. new[] { used.Text, used.Pair, used.Label, used.Group }.OfType<int>().Select(column => names[column])]
        : [.. new[] { asked.Text, asked.Pair, asked.Label, asked.Group }.OfType<string>()];

    private static bool HasNames(in TableRow row, IReadOnlyList<string>? names) => names is not null && row.Cells.Select(cell => cell ?? "").Order(StringComparer.Ordinal).SequenceEqual(names.Order(StringComparer.Ordinal));

    /// <summary>Where another table has the columns that are used of the first.</summary>
    private static TableColumns Matched(
        string file, IReadOnlyList<string>? names, string?[] firstRow, bool isJson, FirstTable first)
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

    /// <summary>The table that says what the columns of all are.</summary>
    private sealed record FirstTable(string Name, IReadOnlyList<string>? Names, int Width, TableColumns Columns);
}
