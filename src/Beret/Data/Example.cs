namespace Beret.Data;

/// <summary>One labelled text.</summary>
/// <param name="Text">The text as it stands in the file: no line ending is translated and a byte order mark is kept (the tokenizers drop it).</param>
/// <param name="Pair">The second text of a pair, or null.</param>
/// <param name="Label">The index of its class in <see cref="LabelledTexts.Labels"/>; −1 where it has no class but <see cref="Labels"/> or a <see cref="Value"/>.</param>
/// <param name="Source">Where it came from: the file's path below the data set's root with forward slashes, such as
/// <c>train/neg/4932_4.txt</c>.</param>
public sealed record Example(string Text, string? Pair, int Label, string Source)
{
    /// <summary>Of <see cref="LabelKind.Set"/>: the indices of its labels in <see cref="LabelledTexts.Labels"/>, each once, in rising order.</summary>
    public IReadOnlyList<int> Labels { get; init; } = [];

    /// <summary>Of <see cref="LabelKind.Number"/>: its number.</summary>
    public double Value { get; init; }

    /// <summary>What it belongs to that must not be torn apart, such as its author; null where nothing is known of that.</summary>
    public string? Group { get; init; }
}
