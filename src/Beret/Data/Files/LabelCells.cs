using System.Text.Json;

namespace Beret.Data.Files;

/// <summary>How the cells of a label column are read: as one label, as a set of labels, or as a number.</summary>
/// <param name="Kind">What a cell is.</param>
/// <param name="Delimiter">What stands between the labels of a set; null: a cell is a JSON list, or one label.</param>
/// <param name="Note">How it was told, for a person to know; null where it was asked for, or goes without saying.</param>
internal sealed record LabelCells(LabelKind Kind, char? Delimiter = null, string? Note = null)
{
    // Decimal numbers of so many different values are measured, not counted: half steps from 0 to 5 are eleven.
    private const int MostDecimalClasses = 11;

    private static readonly char[] Delimiters = ['|', ';', ','];

    /// <summary>What the options ask for, else what the cells look like.</summary>
    /// <param name="cells">All cells, without white space around them; each need be there but once.</param>
    /// <param name="rows">How many rows have one.</param>
    /// <param name="options">What is asked for.</param>
    /// <exception cref="DataException">What is asked for contradicts itself.</exception>
    public static LabelCells Choose(IEnumerable<string> cells, int rows, TableOptions options)
    {
        var values = cells.Where(cell => cell.Length > 0).Distinct(StringComparer.Ordinal).ToArray();
        if (options.LabelDelimiter is { } given)
        {
            return given.Length != 1 ? throw new DataException($"The delimiter of labels is `{given}`; it has to be one character (--label-delimiter).")
                : options.Kind is LabelKind.Class or LabelKind.Number ? throw new DataException("A delimiter of labels (--label-delimiter) is for a multi-label task, not for this one.")
                : new LabelCells(LabelKind.Set, given[0]);
        }

        return options.Kind switch
        {
            null => AreSets(values) is { } sets ? sets
                : AreMeasured(rows, values)
                    ? new LabelCells(LabelKind.Number, Note: $"the labels are decimal numbers of {Shown.Count(values.Length, "value")}, learnt as such; as classes with --task multi-class.")
                    : new LabelCells(LabelKind.Class),
            LabelKind.Set when values.Any(IsList) => new LabelCells(LabelKind.Set),
            LabelKind.Set => Array.Find(Delimiters, delimiter => Array.Exists(values, value => value.Contains(delimiter))) is var found and not '\0'
                ? new LabelCells(LabelKind.Set, found, $"what stands between labels is taken to be `{found}`; another is named with --label-delimiter.")
                : new LabelCells(LabelKind.Set),
            var kind => new LabelCells(kind.Value),
        };
    }

    /// <summary>What is wrong with a cell; null: nothing. A set may be empty.</summary>
    public string? FaultOf(string? cell) =>
        cell is null || (cell.Length == 0 && Kind != LabelKind.Set) ? "it has no label"
        : Kind == LabelKind.Number && LabelledTexts.Number(cell) is null ? $"its label `{Shown.Path(cell)}` is no number"
        : Kind == LabelKind.Set && Delimiter is null && IsList(cell) && ReadList(cell) is null ? "its list of labels holds something other than names and numbers"
        : null;

    /// <summary>The labels that a cell without fault names, each once.</summary>
    public IReadOnlyList<string> Names(string cell) =>
        Kind != LabelKind.Set ? [cell]
        : Delimiter is { } delimiter ? [.. cell.Split(delimiter, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal)]
        : IsList(cell) ? [.. ReadList(cell)!.Distinct(StringComparer.Ordinal)]
        : cell.Length == 0 ? [] : [cell];

    /// <summary>
    /// Whether cells hold several labels: JSON lists; or <c>|</c> or <c>;</c> in any of them; or commas, where they are no decimal commas and at least half of what they
    /// separate occurs in several different cells (as in <c>cheap, small</c> and <c>small, red</c>, not as in <c>Toys, Games</c> and <c>Home, Garden</c>).
    /// </summary>
    private static LabelCells? AreSets(string[] values)
    {
        if (values.Length > 0 && Array.TrueForAll(values, value => IsList(value) && ReadList(value) is not null))
        {
            return new LabelCells(LabelKind.Set, Note: "the labels are JSON lists, so a text may have several (multi-label).");
        }

        foreach (var delimiter in Delimiters)
        {
            if (Array.Exists(values, value => value.Contains(delimiter)) && (delimiter != ',' || AreReused(values)))
            {
                return new LabelCells(
                    LabelKind.Set, delimiter, $"`{delimiter}` stands between labels, so a text may have several (multi-label); as one label each with --task multi-class, another delimiter with --label-delimiter.");
            }
        }

        return null;
    }

    private static bool AreReused(string[] values)
    {
        var uses = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in values.SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)))
        {
            uses[part] = uses.GetValueOrDefault(part) + 1;
        }

        return !uses.ContainsKey("") && 2 * uses.Values.Count(count => count > 1) >= uses.Count
            && !Array.TrueForAll(values, value => LabelledTexts.Number(value.Replace(',', '.')) is not null);
    }

    /// <summary>Whether the cells are numbers, not all whole, of more values than a scale has; or, in a short table, of more values than half its rows.</summary>
    private static bool AreMeasured(int rows, string[] values) =>
        values.Length > 2 && Array.TrueForAll(values, value => LabelledTexts.Number(value) is not null) && Array.Exists(values, value => LabelledTexts.Number(value) % 1 != 0)
        && (values.Length > MostDecimalClasses || 2 * values.Length > rows);

    private static bool IsList(string cell) => cell.StartsWith('[') && cell.EndsWith(']');

    /// <summary>The names in a JSON list; null where it is none, or holds something else.</summary>
    private static List<string>? ReadList(string cell)
    {
        try
        {
            using var document = JsonDocument.Parse(cell);
            var names = new List<string>();
            foreach (var element in document.RootElement.EnumerateArray())
            {
                if (element.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False))
                {
                    return null;
                }

                if ((element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText()).Trim() is { Length: > 0 } name)
                {
                    names.Add(name);
                }
            }

            return names;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not JSON, or half of a surrogate pair.
            return null;
        }
    }
}
