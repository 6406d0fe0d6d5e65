using System.Globalization;

namespace Beret.Data.Files;

/// <summary>
/// Tables with a text and a label in each row, one after the other in the order of their rows. They have one part, unless they lie in one folder or archive and are called
/// after their parts.
/// </summary>
internal sealed class TableSource : DataSource
{
    private const string Validation = "validation";

    // A column with more different values than this share of its rows holds no classes.
    private const double MostLabels = 0.5;
    private const int FewRows = 20;

    // So many of the rows that are left out are named.
    private const int MostNamed = 5;

    private readonly IReadOnlyList<TableSet> sets;
    private readonly DataOptions options;
    private readonly IReadOnlyList<string> parts;

    /// <exception cref="DataException">Several sets are given, and one of them has parts.</exception>
    public TableSource(IReadOnlyList<TableSet> sets, DataOptions options)
        : base(sets.Count <= 3 ? string.Join(", ", sets.Select(set => set.Origin)) : $"{sets[0].Origin} and {Shown.Count(sets.Count - 1)} more")
    {
        (this.sets, this.options) = (sets, options);
        parts = [All];
        foreach (var set in sets.Where(set => set.HasParts))
        {
            string[] found = [.. ((string[])[Train, Validation, Test]).Where(part => set.Names.Any(name => PartOf(name) == part))];
            if (found.Length > 1 && found.Contains(Train))
            {
                parts = sets.Count == 1 ? found : throw new DataException(
                    $"{Shown.Path(set.Origin)} has tables of its own for {string.Join(", ", found)}: give it by itself, or unpack it and name the tables that are meant.");
            }
        }
    }

    public override string? ValidationSplit => parts.Contains(Validation) ? Validation : null;

    public override string EvaluationSplit => !parts.Contains(Test) && parts.Contains(Validation) ? Validation : Test;

    public override IReadOnlyList<string> Splits(CancellationToken cancellationToken = default) => parts;

    public override IReadOnlyList<LabelledTexts> Load(
        IReadOnlyList<string> splits, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(splits);
        var isWhole = parts is [All];
        if (splits.FirstOrDefault(split => !(isWhole ? split is All or Train or Test : parts.Contains(split))) is { } unknown)
        {
            throw new DataException(
                $"{Origin} {(isWhole ? "is one table and " : "")}has no split `{Shown.Path(unknown)}`; it has {string.Join(" and ", parts.Select(part => $"`{part}`"))}.");
        }

        var whole = isWhole ? Read(All, progress, cancellationToken) : null;
        return [.. splits.Select(split => whole ?? Read(split, progress, cancellationToken))];
    }

    /// <summary>The part that a table is, by its name or a folder that it lies in: <c>train.csv</c>, <c>test-00000-of-00002.jsonl</c>, <c>dev/a.tsv</c>.</summary>
    internal static string? PartOf(string name) => name.Split('/').Reverse().Select(word =>
    {
        return string.Concat(word.TakeWhile(char.IsAsciiLetter)).ToUpperInvariant() switch
        {
            "TRAIN" or "TRAINING" => Train,
            "VALIDATION" or "VALID" or "VAL" or "DEV" => Validation,
            "TEST" or "TESTING" => Test,
            _ => null,
        };
    }).FirstOrDefault(part => part is not null);

    private LabelledTexts Read(string part, IProgress<LoadProgress>? progress, CancellationToken cancellation)
    {
        var chosen = sets.Select(set => (Set: set, Names: part == All ? set.Names : [.. set.Names.Where(name => PartOf(name) == part)])).ToArray();
        var others = part == All ? [] : sets[0].Names.Where(name => PartOf(name) is null).ToArray();
        var count = chosen.Sum(one => one.Names.Count);
        var table = TableRows.Read(chosen.SelectMany(one => one.Set.Open(one.Names, cancellation)), count, options, Origin, progress, cancellation);
        var rows = table.Rows;
        var cells = LabelCells.Choose(rows.Labels, rows.Labelled, options.Table);
        string?[] cellFaults = [.. rows.Labels.Select(cells.FaultOf)];
        var noCell = cells.FaultOf(null);
        var bad = new List<(string Where, string What)>();
        var (used, isUsed, empty, badCount) = (new List<int>(rows.Count), new bool[cellFaults.Length], 0, 0);
        for (var row = 0; row < rows.Count; row++)
        {
            var cell = rows.CellOf(row);
            if ((rows.FaultOf(row) ?? (cell == Interned.None ? noCell : cellFaults[cell])) is not { } fault)
            {
                empty += rows.IsBlank(row) ? 1 : 0;
                used.Add(row);
                isUsed[cell] = true;
            }
            else if (options.Table.BadRows == FaultPolicy.Fail)
            {
                throw new DataException($"{rows.FileOf(row)}, line {rows.LineOf(row)}: {fault}. Mend the row, or leave out such rows (--on-bad-row skip).");
            }
            else if (++badCount <= MostNamed)
            {
                bad.Add((rows.SourceOf(row), fault));
            }
        }

        return Join(rows, used, isUsed, cells, table.Names is null ? LabelledTexts.NumberName : table.Names[table.Columns.Label], NotesOn(table, cells, bad, badCount, empty, others));
    }

    /// <param name="rows">All rows.</param>
    /// <param name="used">Those without fault.</param>
    /// <param name="isUsed">Whether a label cell is one of theirs.</param>
    /// <param name="cells">How label cells are read.</param>
    /// <param name="numberName">What a number is called.</param>
    /// <param name="notes">What is said of the data.</param>
    private LabelledTexts Join(RowStore rows, List<int> used, bool[] isUsed, LabelCells cells, string numberName, List<string> notes)
    {
        if (used.Count == 0)
        {
            throw new DataException($"{Origin}: no row is left. {string.Join(" ", notes)}");
        }

        if (cells.Kind == LabelKind.Number)
        {
            LabelAnswer[] numbers = [.. rows.Labels.Select((cell, i) => new LabelAnswer(-1, [], isUsed[i] ? LabelledTexts.Number(cell)!.Value : 0))];
            return new LabelledTexts([numberName], rows.Examples(used, numbers), Origin, notes, cells.Kind);
        }

        IReadOnlyList<string>[] sets = [.. rows.Labels.Select((cell, i) => isUsed[i] ? cells.Names(cell) : [])];
        var labels = sets.SelectMany(set => set).Distinct(StringComparer.Ordinal).ToArray();
        if (labels.Length < (cells.Kind == LabelKind.Set ? 1 : 2))
        {
            throw new DataException(labels.Length == 0
                ? $"{Origin}: no row is left. {string.Join(" ", notes)}"
                : $"{Origin} has one class only, `{Shown.Path(labels[0])}`: nothing can be learnt or measured with it. {string.Join(" ", notes)}");
        }

        if (used.Count >= FewRows && labels.Length > MostLabels * used.Count)
        {
            throw new DataException(
                $"{Origin} has {Shown.Count(labels.Length)} different labels in {Shown.Count(used.Count)} rows. Is it the right column (--label-column)? "
                + $"{(Array.TrueForAll(labels, label => LabelledTexts.Number(label) is not null) ? "Numbers are learnt with --task regression. " : "")}{string.Join(" ", notes)}");
        }

        // Numbers by their size, names as the folders of classes.
        Array.Sort(labels, Array.TrueForAll(labels, label => LabelledTexts.Number(label) is not null)
            ? Comparer<string>.Create((a, b) => LabelledTexts.Number(a)!.Value.CompareTo(LabelledTexts.Number(b)!.Value) is var order and not 0 ? order : string.CompareOrdinal(a, b))
            : CodePointOrder.Instance);
        var indices = labels.Index().ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
        LabelAnswer[] answers =
        [
            .. sets.Select(set => cells.Kind == LabelKind.Set ? new LabelAnswer(-1, [.. set.Select(name => indices[name]).Order()], 0) : new LabelAnswer(set.Count == 0 ? -1 : indices[set[0]], [], 0)),
        ];
        return new LabelledTexts(labels, rows.Examples(used, answers), Origin, notes, cells.Kind);
    }

    private List<string> NotesOn(TableRows table, LabelCells cells, List<(string Where, string What)> bad, int badCount, int empty, IReadOnlyList<string> others)
    {
        var notes = new List<string>();
        var asked = options.Table;
        if (asked.Text is null || asked.Label is null || (asked.Pair is null && table.Columns.Pair is not null))
        {
            notes.Add($"{Origin}: the text is column {Name(table.Columns.Text)}{(table.Columns.Pair is { } pair ? $", its pair {Name(pair)}" : "")}, the label {Name(table.Columns.Label)}"
                + $"{(table.Names is null ? "; the first row is taken as data (the file names no columns)" : "")}. Others are named with --text-column, --pair-column, --label-column.");
        }

        if (cells.Note is { } note)
        {
            notes.Add($"{Origin}: {note}");
        }

        if (others.Count > 0)
        {
            notes.Add($"{Shown.Paths(others)} in {Origin}: by {(others.Count == 1 ? "its name" : "their names")} no part ({string.Join(", ", parts)}), left out.");
        }

        if (badCount > 0)
        {
            notes.Add($"{Shown.Count(badCount, "row")} left out: {string.Join("; ", bad.Select(row => $"{Shown.Path(row.Where)}: {row.What}"))}{(badCount > bad.Count ? "; and more" : "")}.");
        }

        if (empty > 0)
        {
            notes.Add($"{Shown.Count(empty, "row")} with an empty text, kept.");
        }

        return notes;

        string Name(int column) => table.Names is null ? $"{column + 1}" : $"`{Shown.Path(table.Names[column])}`";
    }
}
