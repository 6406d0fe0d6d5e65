using System.Globalization;

namespace Beret.Data.Files;

/// <summary>A table with a text and a label in each row. It has one part, in the order of its rows.</summary>
internal sealed class TableSource(TableFile file, DataOptions options) : DataSource(file.Path)
{
    private const int RowsBetweenReports = 4096;

    // A column with more different values than this share of its rows holds no classes.
    private const double MostLabels = 0.5;
    private const int FewRows = 20;

    public override IReadOnlyList<string> Splits(CancellationToken cancellationToken = default) => [All];

    public override IReadOnlyList<LabelledTexts> Load(
        IReadOnlyList<string> splits, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(splits);
        if (splits.FirstOrDefault(split => split is not (All or Train or Test)) is { } unknown)
        {
            throw new DataException($"{Origin} is one table and has no split `{Shown.Path(unknown)}`; it has `{All}`.");
        }

        var texts = Read(progress, cancellationToken);
        return [.. splits.Select(_ => texts)];
    }

    private LabelledTexts Read(IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        var keys = new List<string>();
        var isJson = file.Format == TableFormat.JsonLines;
        var rows = new List<TableRow>();
        long characters = 0;
        foreach (var row in isJson ? JsonRows.Read(file, options, keys, cancellation) : DelimitedRows.Read(file, options))
        {
            cancellation.ThrowIfCancellationRequested();
            rows.Add(row);
            characters += row.Cells.Sum(cell => (long)(cell?.Length ?? 0) + 8);
            if (characters > options.MaxTotalBytes / sizeof(char))
            {
                throw new DataException($"{Origin} holds more than {Shown.Bytes(options.MaxTotalBytes)} of text, the most that is read.");
            }

            if (rows.Count % RowsBetweenReports == 0)
            {
                progress?.Report(new LoadProgress(rows.Count, 0));
            }
        }

        var table = options.Table;
        var hasHeader = !isJson && rows.Count > 0 && (table.HasHeader ?? TableColumns.IsHeader(rows[0].Cells, rows.Skip(1), table));
        IReadOnlyList<string>? names = isJson ? keys : hasHeader ? [.. rows[0].Cells.Select(cell => cell ?? "")] : null;
        var data = hasHeader ? rows[1..] : rows;
        if (data.Count == 0)
        {
            throw new DataException($"{Origin} holds no rows{(hasHeader ? " below the names of its columns" : "")}.");
        }

        var width = names?.Count ?? data[0].Cells.Length;
        var columns = TableColumns.Choose(names, width, data, table, Origin);
        var cells = LabelCells.Choose([.. data.Where(row => row.Fault is null).Select(row => TableColumns.Cell(row, columns.Label)?.Trim()).OfType<string>()], table);
        var bad = new List<(long Line, string What)>();
        var found = new List<(Example Example, string Label)>(data.Count);
        var empty = 0;
        foreach (var row in data)
        {
            var label = TableColumns.Cell(row, columns.Label)?.Trim();
            var text = TableColumns.Cell(row, columns.Text);
            var pair = columns.Pair is { } second ? TableColumns.Cell(row, second) : null;
            var fault = row.Fault
                ?? (!isJson && row.Cells.Length != width ? $"it has {Shown.Count(row.Cells.Length, "cell")}, where {(hasHeader ? "the names are" : "the first row has")} {width}" : null)
                ?? (text is null ? "it has no text" : columns.Pair is not null && pair is null ? "it has no second text" : null)
                ?? (IsList(columns.Text) || (columns.Pair is { } other && IsList(other)) ? "its text is a list" : null)
                ?? cells.FaultOf(label);
            if (fault is null)
            {
                empty += string.IsNullOrWhiteSpace(text) ? 1 : 0;
                found.Add((new Example(text!, pair, -1, string.Create(CultureInfo.InvariantCulture, $"line {row.Line}")), label!));
            }
            else if (table.BadRows == FaultPolicy.Fail)
            {
                throw new DataException($"{Origin}, line {row.Line}: {fault}. Mend the row, or leave out such rows (--on-bad-row skip).");
            }
            else
            {
                bad.Add((row.Line, fault));
            }

            bool IsList(int column) => row.Lists?.Contains(column) == true;
        }

        return Join(found, cells, names is null ? LabelledTexts.NumberName : names[columns.Label], NotesOn(names, columns, cells, bad, empty));
    }

    private LabelledTexts Join(List<(Example Example, string Label)> rows, LabelCells cells, string numberName, List<string> notes)
    {
        if (cells.Kind == LabelKind.Number)
        {
            return rows.Count == 0
                ? throw NoRow()
                : new LabelledTexts([numberName], [.. rows.Select(row => row.Example with { Value = LabelledTexts.Number(row.Label)!.Value })], Origin, notes, cells.Kind);
        }

        var sets = rows.Select(row => cells.Names(row.Label)).ToArray();
        var labels = sets.SelectMany(set => set).Distinct(StringComparer.Ordinal).ToArray();
        if (labels.Length < (cells.Kind == LabelKind.Set ? 1 : 2))
        {
            throw labels.Length == 0 ? NoRow()
                : new DataException($"{Origin} has one class only, `{Shown.Path(labels[0])}`: nothing can be learnt or measured with it. {string.Join(" ", notes)}");
        }

        if (rows.Count >= FewRows && labels.Length > MostLabels * rows.Count)
        {
            throw new DataException(
                $"{Origin} has {Shown.Count(labels.Length)} different labels in {Shown.Count(rows.Count)} rows. Is it the right column (--label-column)? "
                + $"{(Array.TrueForAll(labels, label => LabelledTexts.Number(label) is not null) ? "Numbers are learnt with --task regression. " : "")}{string.Join(" ", notes)}");
        }

        // Numbers by their size, names as the folders of classes.
        Array.Sort(labels, Array.TrueForAll(labels, label => LabelledTexts.Number(label) is not null)
            ? Comparer<string>.Create((a, b) => LabelledTexts.Number(a)!.Value.CompareTo(LabelledTexts.Number(b)!.Value) is var order and not 0 ? order : string.CompareOrdinal(a, b))
            : CodePointOrder.Instance);
        var indices = labels.Index().ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
        return new LabelledTexts(
            labels,
            [
                .. rows.Select((row, i) => cells.Kind == LabelKind.Set
                    ? row.Example with { Labels = [.. sets[i].Select(name => indices[name]).Order()] }
                    : row.Example with { Label = indices[row.Label] }),
            ],
            Origin, notes, cells.Kind);

        DataException NoRow() => new($"{Origin}: no row is left. {string.Join(" ", notes)}");
    }

    private List<string> NotesOn(IReadOnlyList<string>? names, TableColumns columns, LabelCells cells, List<(long Line, string What)> bad, int empty)
    {
        var notes = new List<string>();
        var table = options.Table;
        if (table.Text is null || table.Label is null || (table.Pair is null && columns.Pair is not null))
        {
            notes.Add($"{Origin}: the text is column {Name(columns.Text)}{(columns.Pair is { } pair ? $", its pair {Name(pair)}" : "")}, the label {Name(columns.Label)}"
                + $"{(names is null ? "; the first row is taken as data (the file names no columns)" : "")}. Others are named with --text-column, --pair-column, --label-column.");
        }

        if (cells.Note is { } note)
        {
            notes.Add($"{Origin}: {note}");
        }

        if (bad.Count > 0)
        {
            notes.Add($"{Shown.Count(bad.Count, "row")} left out: {string.Join("; ", bad.Take(5).Select(row => $"line {row.Line}: {row.What}"))}{(bad.Count > 5 ? "; and more" : "")}.");
        }

        if (empty > 0)
        {
            notes.Add($"{Shown.Count(empty, "row")} with an empty text, kept.");
        }

        return notes;

        string Name(int column) => names is null ? $"{column + 1}" : $"`{Shown.Path(names[column])}`";
    }
}
