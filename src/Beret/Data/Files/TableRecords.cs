namespace Beret.Data.Files;

/// <summary>The rows of CSV or TSV. Whether the first of them names the columns, and which columns hold the texts, is told by the first thousand.</summary>
internal sealed class TableRecords : RecordFile
{
    private const int SampleRows = 1000;

    private readonly IEnumerator<TableRow> rows;
    private readonly List<TableRow> sample = [];
    private readonly bool hasHeader;
    private readonly int text;
    private readonly int? pair;

    public TableRecords(CountingStream stream, string name, RecordFormat format, DataOptions options)
        : base(stream, name, format, options)
    {
        rows = DelimitedRows.Read(Contents, options).GetEnumerator();
        while (sample.Count <= SampleRows && rows.MoveNext())
        {
            sample.Add(rows.Current);
        }

        if (sample.Count == 0)
        {
            throw new DataException($"{Shown.Path(name)} holds no rows.");
        }

        hasHeader = options.Table.HasHeader ?? TableColumns.IsHeader(sample[0].Cells, sample.Skip(1), options.Table);
        Columns = hasHeader ? [.. sample[0].Cells.Select(cell => cell ?? "")] : null;
        Width = sample[0].Cells.Length;
        (text, pair) = TableColumns.ChooseTexts(Columns, Width, hasHeader ? sample[1..] : sample, options.Table, Shown.Path(name));
        Note = options.Table.Text is not null ? null
            : $"{Shown.Path(name)}: the text is column {Column(text)}{(pair is { } second ? $", its pair {Column(second)}" : "")}. Others are named with --text-column, --pair-column.";
    }

    public override IReadOnlyList<string>? Columns { get; }

    public override int Width { get; }

    public override string? Note { get; }

    public override string TextsAt => $"{text + 1}{(pair is { } second ? $", {second + 1}" : "")}";

    public override IEnumerable<InputRecord> Read(CancellationToken cancellation = default)
    {
        long number = 0;
        foreach (var row in All())
        {
            cancellation.ThrowIfCancellationRequested();
            number++;
            var (one, other) = (TableColumns.Cell(row, text), pair is { } second ? TableColumns.Cell(row, second) : null);
            if ((row.FaultIn(Width, hasHeader) ?? TableRow.FaultOf(one, other, pair is not null)) is not { } fault)
            {
                yield return new InputRecord(one!, other, number) { Cells = row.Cells };
            }
            else
            {
                Refuse(row.Line, fault);
            }
        }
    }

    private IEnumerable<TableRow> All()
    {
        using (rows)
        {
            foreach (var row in sample.Skip(hasHeader ? 1 : 0))
            {
                yield return row;
            }

            sample.Clear();
            while (rows.MoveNext())
            {
                yield return rows.Current;
            }
        }
    }

    private string Column(int column) => Columns is null ? $"{column + 1}" : $"`{Shown.Path(Columns[column])}`";
}
