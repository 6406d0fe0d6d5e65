namespace Beret.Data.Files;

/// <summary>Which columns of a table hold the text, perhaps a second text, the label, and perhaps the group.</summary>
internal sealed record TableColumns(int Text, int? Pair, int Label, int? Group = null)
{
    /// <summary>How many rows are looked at.</summary>
    public const int SampleRows = 1000;

    private const int LongestName = 40;

    // The first that is there is taken.
    public static readonly string[] TextNames =
    [
        "text", "review", "sentence", "sentence1", "text1", "question1", "question", "premise", "content", "body", "message", "comment", "tweet", "document", "description", "utterance", "ticket", "title",
    ];

    public static readonly string[] PairNames = ["pair", "text_pair", "text2", "sentence2", "question2", "hypothesis"];

    private static readonly string[] LabelNames =
        ["label", "class", "category", "sentiment", "target", "intent", "topic", "polarity", "stars", "rating", "tag", "type", "y", "labels", "tags", "topics", "categories", "score"];

    /// <summary>
    /// Whether the first row names the columns: some name in it is known or asked for, or its cells are short, different from each other and no numbers,
    /// and none of them occurs again below.
    /// </summary>
    public static bool IsHeader(IReadOnlyList<string?> first, IEnumerable<TableRow> others, TableOptions options)
    {
        string?[] asked = [options.Text, options.Pair, options.Label, options.Group];
        if (first.Any(cell => cell is not null && (asked.Contains(cell) || Known(cell))))
        {
            return true;
        }

        return first.All(cell => cell is { Length: > 0 and <= LongestName } && !double.TryParse(cell, out _)) && first.Distinct().Count() == first.Count
            && !others.Take(SampleRows).Any(row => row.Cells.Index().Any(cell => cell.Index < first.Count && cell.Item == first[cell.Index]));

        static bool Known(string cell) => Array.Exists([TextNames, PairNames, LabelNames], names => names.Contains(cell.Trim(), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>The columns that the options name, else those with a telling name, else by their contents: the longest texts, and the fewest different values.</summary>
    /// <param name="names">Of the columns; null: they have none.</param>
    /// <param name="width">The number of columns.</param>
    /// <param name="rows">The first ones are looked at.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="origin">The file, for messages.</param>
    /// <exception cref="DataException">There is no such column, or it cannot be told which it is.</exception>
    public static TableColumns Choose(IReadOnlyList<string>? names, int width, IReadOnlyList<TableRow> rows, TableOptions options, string origin)
    {
        var (text, pair, label, group) = Choose(names, width, rows, options, origin, isLabelled: true);
        return new TableColumns(text, pair, label!.Value, group);
    }

    /// <summary>The same of a table whose texts need no labels. A column that is called like a label is not taken for a text by its contents.</summary>
    public static (int Text, int? Pair) ChooseTexts(IReadOnlyList<string>? names, int width, IReadOnlyList<TableRow> rows, TableOptions options, string origin)
    {
        var (text, pair, _, _) = Choose(names, width, rows, options, origin, isLabelled: false);
        return (text, pair);
    }

    public static string? Cell(in TableRow row, int column) => column < row.Cells.Length ? row.Cells[column] : null;

    private static (int Text, int? Pair, int? Label, int? Group) Choose(
        IReadOnlyList<string>? names, int width, IReadOnlyList<TableRow> rows, TableOptions options, string origin, bool isLabelled)
    {
        var sample = rows.Take(SampleRows).Where(row => row.Fault is null).ToArray();
        int? label = options.Label is null ? Named(LabelNames) : Asked(options.Label, "--label-column");
        int? text = options.Text is null ? Named(TextNames) : Asked(options.Text, "--text-column");
        int? pair = options.Pair is null ? Named(PairNames) : Asked(options.Pair, "--pair-column");
        int? group = options.Group is null ? null : Asked(options.Group, "--group-column");
        if (text is null)
        {
            var longest = Others(label, pair).Select(column => (Column: column, Length: sample.Sum(row => (long)(Cell(row, column)?.Length ?? 0)))).OrderByDescending(one => one.Length).ToArray();
            text = longest is [{ Length: > 0 } first, ..] ? first.Column : throw Unclear("text", "--text-column");
        }

        if (label is null && isLabelled)
        {
            var values = Others(text, pair).Select(column => (Column: column, Different: sample.Select(row => Cell(row, column)).Where(cell => !string.IsNullOrWhiteSpace(cell)).Distinct().Count()))
                .Where(one => one.Different >= 2 && 2 * one.Different <= sample.Length).OrderBy(one => one.Different).ToArray();
            label = values is [var only] || (values.Length > 1 && values[0].Different < values[1].Different) ? values[0].Column : throw Unclear("label", "--label-column");
        }

        return pair == text || (isLabelled && (text == label || pair == label))
            ? throw new DataException($"{origin}: column {Name(pair == text ? text.Value : label!.Value)} cannot be {(isLabelled ? "text and label, or " : "")}both texts of a pair.")
            : (text.Value, pair, label, group);

        string Name(int column) => names is null ? $"{column + 1}" : $"`{Shown.Path(names[column])}`";

        IEnumerable<int> Others(int? one, int? two) => Enumerable.Range(0, width).Where(column => column != one && column != two && column != group);

        int? Named(string[] wanted) => names is null ? null
            : wanted.Select(name => names.Index().Where(one => string.Equals(one.Item.Trim(), name, StringComparison.OrdinalIgnoreCase)).Select(one => (int?)one.Index).FirstOrDefault())
                .FirstOrDefault(found => found is not null);

        int Asked(string wanted, string option)
        {
            var byName = names?.Index().Where(one => one.Item == wanted).Select(one => one.Index).ToArray() ?? [];
            return byName.Length == 1 ? byName[0]
                : byName.Length > 1 ? throw new DataException($"{origin}: {byName.Length} columns are called `{Shown.Path(wanted)}`; give the column's number ({option} {byName[0] + 1}).")
                : int.TryParse(wanted, out var number) && number >= 1 && number <= width ? number - 1
                : throw new DataException($"{origin} has no column `{Shown.Path(wanted)}` ({option}); {Columns()}.");
        }

        DataException Unclear(string what, string option) => new($"{origin}: which column holds the {what} is not clear; name it ({option}). {Columns()}.");

        string Columns() => names is null
            ? $"The file names none of its {Shown.Count(width, "column")}; they are numbered from 1"
            : $"Its columns are {string.Join(", ", names.Select(name => $"`{Shown.Path(name)}`"))}";
    }
}
