namespace Beret.Data;

/// <summary>One labelled text.</summary>
/// <param name="Text">The text as it stands in the file: no line ending is translated and a byte order mark is kept (the tokenizers drop it).</param>
/// <param name="Pair">The second text of a pair, or null.</param>
/// <param name="Label">The index of its class in <see cref="LabelledTexts.Labels"/>; −1 where it has no class but <see cref="Labels"/> or a <see cref="Value"/>.</param>
/// <param name="Source">Where it came from: the file's path below the data set's root with forward slashes, such as
/// <c>train/neg/4932_4.txt</c>.</param>
public sealed record Example(string Text, string? Pair, int Label, string Source)
{
    // Of one that is stored: where, and which of its strings are its own all the same.
    private readonly StoredTexts? store;
    private readonly int row;
    private readonly bool hasText;
    private readonly bool hasPair;
    private readonly bool hasSource;
    private readonly string text = Text;
    private readonly string? pair = Pair;
    private readonly string source = Source;

    /// <summary>One whose texts are read when they are asked for.</summary>
    internal Example(StoredTexts store, int row)
        : this("", null, -1, "") => (this.store, this.row) = (store, row);

    /// <summary>The text as it stands in the file: no line ending is translated and a byte order mark is kept (the tokenizers drop it).</summary>
    public string Text
    {
        get => store is null || hasText ? text : store.TextsOf(row).Text;
        init => (text, hasText) = (value, store is not null);
    }

    /// <summary>The second text of a pair, or null.</summary>
    public string? Pair
    {
        get => store is null || hasPair ? pair : store.TextsOf(row).Pair;
        init => (pair, hasPair) = (value, store is not null);
    }

    /// <summary>Where it came from: the file's path below the data set's root with forward slashes, such as <c>train/neg/4932_4.txt</c>; of a table's row its line.</summary>
    public string Source
    {
        get => store is null || hasSource ? source : store.SourceOf(row);
        init => (source, hasSource) = (value, store is not null);
    }

    /// <summary>Both texts, of a stored one in one reading.</summary>
    internal (string Text, string? Pair) Texts => store is null || hasText || hasPair ? (Text, Pair) : store.TextsOf(row);

    /// <summary>Of <see cref="LabelKind.Set"/>: the indices of its labels in <see cref="LabelledTexts.Labels"/>, each once, in rising order.</summary>
    public IReadOnlyList<int> Labels { get; init; } = [];

    /// <summary>Of <see cref="LabelKind.Number"/>: its number.</summary>
    public double Value { get; init; }

    /// <summary>What it belongs to that must not be torn apart, such as its author; null where nothing is known of that.</summary>
    public string? Group { get; init; }
}
