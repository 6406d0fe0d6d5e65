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
    private object? scratch;

    /// <summary>The number of tokens, of all windows together.</summary>
    public int Count { get; private set; }

    /// <summary>The number of windows that the tokens are, one after the other, each of as many tokens; 1 but with <see cref="Truncation.Windows"/>.</summary>
    public int Windows { get; private set; } = 1;

    /// <summary>The number of tokens of type 0 of each window: with BERT the first text's, with its [CLS] and [SEP].</summary>
    public int FirstCount { get; private set; }

    /// <summary>How many tokens of the texts truncation removed.</summary>
    public int Cut { get; internal set; }

    /// <summary>Token ids, [Count].</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    /// <summary>Token types, [Count]: 0 for the first text, 1 for the second where the model has two types.</summary>
    public ReadOnlySpan<int> Types => types.AsSpan(0, Count);

    /// <summary>Where each token starts in its text, in UTF-16 units, [Count]; 0 for special tokens.</summary>
    public ReadOnlySpan<int> Starts => starts.AsSpan(0, Count);

    /// <summary>Where each token ends in its text (exclusive), in UTF-16 units, [Count]; 0 for special tokens.</summary>
    public ReadOnlySpan<int> Ends => ends.AsSpan(0, Count);

    /// <summary>The number of the word that each token is a piece of, counted from 0 in each text, [Count]; −1 for special tokens.</summary>
    public ReadOnlySpan<int> Words => words.AsSpan(0, Count);

    /// <summary>The encoder's working memory, which is reused like the buffer itself; a buffer that changes tokenizers gets another.</summary>
    internal T Scratch<T>()
        where T : class, new() => scratch as T ?? (T)(scratch = new T());

    internal void Clear()
    {
        Count = 0;
        Windows = 1;
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

    /// <summary>Makes room for special tokens, which are <see cref="Put"/> there later.</summary>
    internal void Reserve(int count)
    {
        for (; count > 0; count--)
        {
            Append(0, 0, 0, -1);
        }
    }

    /// <summary>Writes special tokens over the tokens at <paramref name="at"/>.</summary>
    /// <returns>The place after them.</returns>
    internal int Put(SpecialToken[] tokens, int at)
    {
        foreach (var token in tokens)
        {
            ids[at] = token.Id;
            starts[at] = 0;
            ends[at] = 0;
            words[at] = -1;
            at++;
        }

        return at;
    }

    internal void SetRange(int at, int start, int end)
    {
        starts[at] = start;
        ends[at] = end;
    }

    /// <summary>Takes back the tokens after the first <paramref name="count"/>.</summary>
    internal void Shrink(int count) => Count = count;

    /// <summary>Copies tokens to another place, where tokens are already.</summary>
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

    /// <summary>Sets the types of all tokens.</summary>
    /// <param name="firstCount">How many of each window are of type 0.</param>
    /// <param name="windows">How many windows they are.</param>
    internal void SetTypes(int firstCount, int windows = 1)
    {
        (FirstCount, Windows) = (firstCount, windows);
        var length = Count / windows;
        for (var start = 0; start < Count; start += length)
        {
            types.AsSpan(start, firstCount).Clear();
            types.AsSpan(start + firstCount, length - firstCount).Fill(1);
        }
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
