using Beret.Numerics;

namespace Beret.Tokens;

/// <summary>All windows of some texts, numbered from the first of the first text to the last of the last.</summary>
internal readonly struct WindowList
{
    private readonly ITokenizedTexts texts;
    private readonly int[]? starts;
    private readonly int[]? owners;
    private readonly int[]? left;

    public WindowList(ITokenizedTexts texts)
    {
        this.texts = texts;
        for (var text = 0; text < texts.Count; text++)
        {
            Count = checked(Count + texts.WindowsOf(text));
        }

        if (Count == texts.Count)
        {
            return;
        }

        (starts, owners, left) = (new int[texts.Count + 1], new int[Count], new int[texts.Count]);
        for (var text = 0; text < texts.Count; text++)
        {
            left[text] = texts.WindowsOf(text);
            starts[text + 1] = starts[text] + left[text];
            owners.AsSpan(starts[text]..starts[text + 1]).Fill(text);
        }
    }

    /// <summary>The number of windows.</summary>
    public int Count { get; }

    /// <summary>Where the windows of each text start, and the end; empty where every text has one.</summary>
    public ReadOnlySpan<int> Starts => starts;

    /// <summary>Tokens of one window.</summary>
    public int LengthOf(int window) => texts.LengthOf(TextOf(window));

    /// <summary>Puts a window behind what a batch holds, as a document of its own.</summary>
    public void AddTo(PackedBatch batch, int window)
    {
        var text = TextOf(window);
        texts.AddTo(batch, text, starts is null ? 0 : window - starts[text]);
    }

    /// <summary>Notes that windows are done with.</summary>
    /// <returns>How many texts have no other left.</returns>
    public int Finish(ReadOnlySpan<int> windows)
    {
        if (owners is null)
        {
            return windows.Length;
        }

        var finished = 0;
        foreach (var window in windows)
        {
            finished += --left![owners[window]] == 0 ? 1 : 0;
        }

        return finished;
    }

    private int TextOf(int window) => owners is null ? window : owners[window];
}
