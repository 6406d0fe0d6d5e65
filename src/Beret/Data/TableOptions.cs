namespace Beret.Data;

/// <summary>How a table is read: CSV, TSV, JSON or JSON lines, with a text and a label in each row.</summary>
public sealed record TableOptions
{
    /// <summary>The column of the text: its name, or its number counted from 1. Null: it is found by its name or its contents, and a note says which it is.</summary>
    public string? Text { get; init; }

    /// <summary>The column of the second text of a pair; null for one that is named like it, such as <c>sentence2</c>, or none.</summary>
    public string? Pair { get; init; }

    /// <summary>The column of the label; null as with <see cref="Text"/>.</summary>
    public string? Label { get; init; }

    /// <summary>The column that says which rows belong together (<see cref="SplitMethod.Grouped"/>), by its name or number; null for none.</summary>
    public string? Group { get; init; }

    /// <summary>What the labels are: classes, sets of labels or numbers. Null: it is told by the cells, and a note says which.</summary>
    public LabelKind? Kind { get; init; }

    /// <summary>What stands between the labels of a set; it makes every label a set. Null: <c>|</c>, <c>;</c> or <c>,</c>, told by the cells. JSON lists need none.</summary>
    public string? LabelDelimiter { get; init; }

    /// <summary>Whether the first row names the columns. Null: it is told by its contents.</summary>
    public bool? HasHeader { get; init; }

    /// <summary>
    /// What to do with a row that has too few or too many columns, a quotation mark that is not closed, no label, no group, or JSON that is not valid:
    /// <see cref="FaultPolicy.Fail"/> or <see cref="FaultPolicy.Skip"/>.
    /// </summary>
    public FaultPolicy BadRows { get; init; } = FaultPolicy.Fail;
}
