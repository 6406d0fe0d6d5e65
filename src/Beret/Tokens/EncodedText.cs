using System.Buffers;
using Beret.Text;

namespace Beret.Tokens;

/// <summary>The token ids of a text or pair, in borrowed memory, to be returned once.</summary>
internal readonly struct EncodedText
{
    private readonly int[] ids;

    public EncodedText(TokenBuffer buffer)
    {
        Count = buffer.Count;
        Windows = buffer.Windows;
        FirstCount = buffer.FirstCount;
        Cut = buffer.Cut;
        ids = ArrayPool<int>.Shared.Rent(Count);
        buffer.Ids.CopyTo(ids);
    }

    /// <summary>The number of tokens, of all windows together.</summary>
    public int Count { get; }

    /// <summary>The number of windows, each of as many tokens.</summary>
    public int Windows { get; }

    /// <summary>The number of tokens of the first text in each window; those after it have type 1.</summary>
    public int FirstCount { get; }

    /// <summary>How many tokens truncation removed.</summary>
    public int Cut { get; }

    /// <summary>Tokens of each window.</summary>
    public int Length => Count / Windows;

    /// <summary>The tokens of one window.</summary>
    public ReadOnlySpan<int> this[int window] => ids.AsSpan(window * Length, Length);

    public void Return() => ArrayPool<int>.Shared.Return(ids);
}
