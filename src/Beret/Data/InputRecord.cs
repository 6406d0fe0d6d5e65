namespace Beret.Data;

/// <summary>A record of a file: what of it is to be classified, and the rest, which is handed on.</summary>
/// <param name="Text">The text, or the first of a pair.</param>
/// <param name="Pair">The second text of a pair, or null.</param>
/// <param name="Row">Its number in the file, from 1, without the row of names.</param>
public sealed record InputRecord(string Text, string? Pair, long Row)
{
    /// <summary>Of a table: its cells, one for each of <see cref="RecordFile.Columns"/>.</summary>
    public IReadOnlyList<string?> Cells { get; init; } = [];

    /// <summary>Of JSON lines: the object, as it stands in the file.</summary>
    public string? Json { get; init; }
}
