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
        var table = TableRows.Read(chosen.SelectMany(one => one.Set.Open(one.Names, cancellation)), chosen.Sum(one => one.Names.Count) > 1, options, Origin, progress, cancellation);
        var cells = LabelCells.Choose([.. table.Rows.Where(row => row.Fault is null).Select(row => row.Label).OfType<string>()], options.Table);
        var bad = new List<(string Where, string What)>();
        var found = new List<(Example Example, string Label)>(table.Rows.Count);
        var empty = 0;
        foreach (var row in table.Rows)
        {
            if ((row.Fault ?? cells.FaultOf(row.Label)) is not { } fault)
            {
                empty += string.IsNullOrWhiteSpace(row.Text) ? 1 : 0;
                found.Add((new Example(row.Text!, row.Pair, -1, row.Source) { Group = row.Group }, row.Label!));
            }
            else if (options.Table.BadRows == FaultPolicy.Fail)
            {
                throw new DataException($"{row.File}, line {row.Line}: {fault}. Mend the row, or leave out such rows (--on-bad-row skip).");
            }
            else
            {
                bad.Add((row.Source, fault));
            }
        }

        return Join(found, cells, table.Names is null ? LabelledTexts.NumberName : table.Names[table.Columns.Label], NotesOn(table, cells, bad, empty, others));
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

    private List<string> NotesOn(TableRows table, LabelCells cells, List<(string Where, string What)> bad, int empty, IReadOnlyList<string> others)
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

        if (bad.Count > 0)
        {
            notes.Add($"{Shown.Count(bad.Count, "row")} left out: {string.Join("; ", bad.Take(5).Select(row => $"{Shown.Path(row.Where)}: {row.What}"))}{(bad.Count > 5 ? "; and more" : "")}.");
        }

        if (empty > 0)
        {
            notes.Add($"{Shown.Count(empty, "row")} with an empty text, kept.");
        }

        return notes;

        string Name(int column) => table.Names is null ? $"{column + 1}" : $"`{Shown.Path(table.Names[column])}`";
    }
}
