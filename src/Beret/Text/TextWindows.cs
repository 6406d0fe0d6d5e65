namespace Beret.Text;

/// <summary>
/// Where the windows of a text that is too long lie: the first at its beginning, each further one a step on, the last where it ends with the text. (Hugging Face's
/// <c>stride</c> gives the same windows, but for the last, which it leaves shorter.)
/// </summary>
internal readonly struct TextWindows
{
    private readonly int length;
    private readonly int size;
    private readonly int step;
    private readonly int all;

    /// <param name="length">The text's tokens, more than a window holds.</param>
    /// <param name="size">How many of them a window holds, at least one.</param>
    /// <param name="overlap">How many a window has in common with the one before it, if it holds twice as many.</param>
    /// <param name="most">The most windows, or null.</param>
    public TextWindows(int length, int size, int overlap, int? most)
    {
        this.length = length;
        this.size = size;
        step = size - Math.Min(overlap, size / 2);
        all = 1 + (int)((length - size + step - 1L) / step);
        Count = Math.Min(all, most ?? all);
    }

    /// <summary>The number of windows.</summary>
    public int Count { get; }

    /// <summary>The first token of a window.</summary>
    public int this[int window]
    {
        get
        {
            // Of all windows the nearest to an even spread from the first to the last.
            var number = Count == all ? window : Count == 1 ? 0 : (int)((2L * window * (all - 1) + Count - 1) / (2L * (Count - 1)));
            return (int)Math.Min((long)number * step, length - size);
        }
    }

    /// <summary>How many tokens lie in no window.</summary>
    public int Unread
    {
        get
        {
            var read = size;
            for (var window = 1; window < Count; window++)
            {
                read += Math.Min(size, this[window] - this[window - 1]);
            }

            return length - read;
        }
    }
}
