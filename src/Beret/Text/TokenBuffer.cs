using System.Runtime.CompilerServices;

namespace Beret.Text;

/// <summary>
/// The tokens of one encoded text or pair. It grows to the longest text it was given and is reused, so that encoding allocates nothing. For one
/// thread at a time.
/// </summary>
public sealed class TokenBuffer
{
    private int[] ids = new int[256];
    private int[] types = new int[256];
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private int[] words = new int[256];

    /// <summary>The number of tokens.</summary>
    public int Count { get; private set; }

    /// <summary>The number of tokens that belong to the first text: type 0, with its [CLS] and [SEP].</summary>
    public int FirstCount { get; private set; }

    /// <summary>How many tokens of the texts truncation removed.</summary>
    public int Cut { get; internal set; }

    /// <summary>Token ids, [Count].</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    /// <summary>Token types, [Count]: 0 for the first text, 1 for the second.</summary>
    public ReadOnlySpan<int> Types => types.AsSpan(0, Count);

    /// <summary>Where each token starts in its text, in UTF-16 units, [Count]; 0 for [CLS] and [SEP].</summary>
    public ReadOnlySpan<int> Starts => starts.AsSpan(0, Count);

    /// <summary>Where each token ends in its text (exclusive), in UTF-16 units, [Count]; 0 for [CLS] and [SEP].</summary>
    public ReadOnlySpan<int> Ends => ends.AsSpan(0, Count);

    /// <summary>The number of the word that each token is a piece of, counted from 0 in each text, [Count]; −1 for [CLS] and [SEP].</summary>
    public ReadOnlySpan<int> Words => words.AsSpan(0, Count);

    internal NormalizedText Scratch { get; } = new();

    internal void Clear()
    {
        Count = 0;
        FirstCount = 0;
        Cut = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Append(int id, int start, int end, int word)
    {
        var n = Count;
        if (n >= ids.Length)
        {
            Grow();
        }

        ids[n] = id;
        starts[n] = start;
        ends[n] = end;
        words[n] = word;
        Count = n + 1;
    }

    /// <summary>Takes back the tokens after the first <paramref name="count"/>.</summary>
    internal void Shrink(int count) => Count = count;

    /// <summary>Moves tokens to a place at or before theirs.</summary>
    internal void Move(int from, int to, int count)
    {
        if (from == to || count == 0)
        {
            return;
        }

        Array.Copy(ids, from, ids, to, count);
        Array.Copy(starts, from, starts, to, count);
        Array.Copy(ends, from, ends, to, count);
        Array.Copy(words, from, words, to, count);
    }

    internal void SetTypes(int firstCount)
    {
        FirstCount = firstCount;
        types.AsSpan(0, firstCount).Clear();
        types.AsSpan(firstCount, Count - firstCount).Fill(1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        var size = (int)Math.Min(Array.MaxLength, ids.Length * 2L);
        Array.Resize(ref ids, size);
        Array.Resize(ref types, size);
        Array.Resize(ref starts, size);
        Array.Resize(ref ends, size);
        Array.Resize(ref words, size);
    }
}
