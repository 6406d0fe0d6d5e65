namespace Beret.Data.Files;

/// <summary>
/// What is used of the rows of tables, put together one row after the other. The texts are held in memory, or in a file once they are too many for it; of all else each
/// string is held once.
/// </summary>
/// <param name="options">Say where the texts are held.</param>
/// <param name="origin">What messages call the tables.</param>
internal sealed class RowStore(DataOptions options, string origin)
{
    // What an example, its strings and its places in lists take beside the characters.
    private const int BytesBeside = 200;

    private readonly List<(string Text, string? Pair)> texts = [];
    private readonly List<long> places = [];
    private readonly List<long> lines = [];
    private readonly List<int> cells = [];
    private readonly List<int> groupOf = [];
    private readonly List<bool> blanks = [];
    private readonly Interned labels = new();
    private readonly Interned groups = new();
    private readonly Interned faults = new();
    private readonly Dictionary<int, int> faultOf = [];
    private readonly List<(int First, string File, string? Part)> tables = [];
    private TextSpill? spill;
    private long bytes;

    /// <summary>The number of rows.</summary>
    public int Count => cells.Count;

    /// <summary>The different label cells of the rows without fault.</summary>
    public IReadOnlyList<string> Labels => labels.Strings;

    /// <summary>How many rows have a label cell and no fault.</summary>
    public int Labelled { get; private set; }

    /// <summary>The rows that follow are of a table.</summary>
    /// <param name="file">What messages call it.</param>
    /// <param name="part">What its rows are told by; null where there is no other table.</param>
    public void Begin(string file, string? part) => tables.Add((Count, file, part));

    /// <summary>Adds a row.</summary>
    /// <param name="line">The line that it begins on.</param>
    /// <param name="text">Its text, or null where it has a fault.</param>
    /// <param name="pair">Its second text, or null.</param>
    /// <param name="label">Its label cell, or null.</param>
    /// <param name="group">Its group, or null.</param>
    /// <param name="fault">What is wrong with it, the label aside; null: nothing.</param>
    /// <exception cref="DataException">There is too much text for the memory, or for the disk.</exception>
    public void Add(long line, string? text, string? pair, string? label, string? group, string? fault)
    {
        if (fault is not null)
        {
            faultOf.Add(Count, faults.NumberOf(fault));
            (text, pair, label, group) = (null, null, null, null);
        }

        Labelled += label is null ? 0 : 1;
        lines.Add(line);
        cells.Add(labels.NumberOf(label));
        groupOf.Add(groups.NumberOf(group));
        blanks.Add(string.IsNullOrWhiteSpace(text));
        Hold(text ?? "", pair);
    }

    /// <summary>What is wrong with a row, its label aside; null: nothing.</summary>
    public string? FaultOf(int row) => faultOf.TryGetValue(row, out var fault) ? faults[fault] : null;

    /// <summary>The number of a row's label cell in <see cref="Labels"/>, or −1.</summary>
    public int CellOf(int row) => cells[row];

    /// <summary>Whether a row's text is empty or white space.</summary>
    public bool IsBlank(int row) => blanks[row];

    public long LineOf(int row) => lines[row];

    /// <summary>What messages call a row's table.</summary>
    public string FileOf(int row) => TableOf(row).File;

    /// <summary>What a row is told by.</summary>
    public string SourceOf(int row) => StoredTexts.Source(TableOf(row).Part, lines[row]);

    /// <summary>Some rows as examples.</summary>
    /// <param name="rows">The rows, in rising order; each has a label cell.</param>
    /// <param name="answers">What each of <see cref="Labels"/> says.</param>
    public IReadOnlyList<Example> Examples(IReadOnlyList<int> rows, LabelAnswer[] answers)
    {
        if (spill is null)
        {
            return
            [
                .. rows.Select(row => new Example(texts[row].Text, texts[row].Pair, answers[cells[row]].Label, SourceOf(row))
                {
                    Labels = answers[cells[row]].Labels, Value = answers[cells[row]].Value, Group = groups[groupOf[row]],
                }),
            ];
        }

        spill.Seal();
        var parts = new List<(int First, string? Name)>();
        var next = 0;
        for (var i = 0; i < rows.Count; i++)
        {
            while (next < tables.Count && tables[next].First <= rows[i])
            {
                parts.Add((i, tables[next++].Part));
            }
        }

        return new StoredExamples(new StoredTexts(spill)
        {
            Places = Of(places),
            Lines = Of(lines),
            Cells = Of(cells),
            Answers = answers,
            Groups = groups.Strings.Count > 0 ? Of(groupOf) : null,
            GroupNames = groups.Strings,
            Tables = parts,
        });

        T[] Of<T>(List<T> column)
        {
            var of = new T[rows.Count];
            for (var i = 0; i < of.Length; i++)
            {
                of[i] = column[rows[i]];
            }

            return of;
        }
    }

    private void Hold(string text, string? pair)
    {
        if (spill is not null)
        {
            places.Add(spill.Append(text, pair));
            return;
        }

        texts.Add((text, pair));
        bytes += BytesBeside + sizeof(char) * ((long)text.Length + (pair?.Length ?? 0));
        if (options.Place == TextPlace.Memory)
        {
            if (bytes > options.MaxTotalBytes)
            {
                throw new DataException($"{origin} holds more than {Shown.Bytes(options.MaxTotalBytes)} of text, the most that is held in memory. Without --on-disk never it goes to the disk.");
            }
        }
        else if (options.Place == TextPlace.Disk || bytes > Math.Min(options.MostInMemory, options.MaxTotalBytes))
        {
            spill = TextSpill.Create(options.DiskFolder ?? Path.GetTempPath());
            foreach (var (held, heldPair) in texts)
            {
                places.Add(spill.Append(held, heldPair));
            }

            texts.Clear();
            texts.TrimExcess();
        }
    }

    private (int First, string File, string? Part) TableOf(int row)
    {
        var (low, high) = (0, tables.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = tables[middle].First <= row ? (middle, high) : (low, middle - 1);
        }

        return tables[low];
    }
}
