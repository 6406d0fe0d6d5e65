using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Beret.Data.Files;

namespace Beret.Data;

/// <summary>What a label cell says, once the labels have their numbers.</summary>
/// <param name="Label">As <see cref="Example.Label"/>.</param>
/// <param name="Labels">As <see cref="Example.Labels"/>.</param>
/// <param name="Value">As <see cref="Example.Value"/>.</param>
internal readonly record struct LabelAnswer(int Label, IReadOnlyList<int> Labels, double Value);

/// <summary>
/// Labelled texts whose texts lie in a file, and only their labels in memory: some 30 bytes for each. An <see cref="Example"/> of them reads its text when it is asked for it.
/// </summary>
internal sealed class StoredTexts
{
    private readonly TextSpill spill;
    private readonly Lazy<string> content;

    public StoredTexts(TextSpill spill) => (this.spill, content) = (spill, new Lazy<string>(ContentOf));

    /// <summary>Where each text stands.</summary>
    public required long[] Places { get; init; }

    /// <summary>The number of each text's label cell in <see cref="Answers"/>.</summary>
    public required int[] Cells { get; init; }

    /// <summary>What the label cells say.</summary>
    public required LabelAnswer[] Answers { get; init; }

    /// <summary>The number of each text's group in <see cref="GroupNames"/>, or −1; null where none has one.</summary>
    public int[]? Groups { get; init; }

    /// <summary>The groups.</summary>
    public IReadOnlyList<string> GroupNames { get; init; } = [];

    /// <summary>The line of each text.</summary>
    public required long[] Lines { get; init; }

    /// <summary>The tables that they come from by the number of their first text, in rising order; with no name where there is one table.</summary>
    public required IReadOnlyList<(int First, string? Name)> Tables { get; init; }

    /// <summary>SHA-256 over all texts in their order, in lower-case hexadecimal; labels do not count.</summary>
    public string Content => content.Value;

    /// <summary>A folder with room for what is made of the texts.</summary>
    public string Folder => spill.Folder;

    public int Count => Places.Length;

    public Example this[int row] => new(this, row)
    {
        Label = Answers[Cells[row]].Label,
        Labels = Answers[Cells[row]].Labels,
        Value = Answers[Cells[row]].Value,
        Group = Groups is { } groups && groups[row] >= 0 ? GroupNames[groups[row]] : null,
    };

    /// <summary>The texts of a row.</summary>
    public (string Text, string? Pair) TextsOf(int row) => spill.Read(Places[row]);

    /// <summary>What a row is told by.</summary>
    public string SourceOf(int row)
    {
        var table = Tables.Last(table => table.First <= row).Name;
        return Source(table, Lines[row]);
    }

    // The file, and which of what stands in it are used.
    private string ContentOf()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.ASCII.GetBytes(spill.Content));
        hash.AppendData(MemoryMarshal.AsBytes<long>(Places));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What a row is told by: its line, and its table where there are several.</summary>
    public static string Source(string? table, long line) => string.Create(CultureInfo.InvariantCulture, $"{(table is null ? "" : $"{table}, ")}line {line}");
}
