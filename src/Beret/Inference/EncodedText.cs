using System.Buffers;
using Beret.Text;

namespace Beret.Inference;

/// <summary>The token ids of a text or pair, in borrowed memory, to be returned once.</summary>
internal readonly struct EncodedText
{
    private readonly int[] ids;

    public EncodedText(TokenBuffer buffer)
    {
        Count = buffer.Count;
        FirstCount = buffer.FirstCount;
        Cut = buffer.Cut;
        ids = ArrayPool<int>.Shared.Rent(Count);
        buffer.Ids.CopyTo(ids);
    }

    /// <summary>The number of tokens.</summary>
    public int Count { get; }

    /// <summary>The number of tokens of the first text; those after it have type 1.</summary>
    public int FirstCount { get; }

    /// <summary>How many tokens truncation removed.</summary>
    public int Cut { get; }

    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    public void Return() => ArrayPool<int>.Shared.Return(ids);
}
