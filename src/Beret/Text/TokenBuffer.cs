using System.Runtime.CompilerServices;

namespace Beret.Text;

/// <summary>
/// The tokens of one encoded text or pair. It grows to the longest text it was given and is reused, so that encoding allocates nothing. For one
/// thread at a time.
/// </summary>
public sealed class TokenBuffer
{
    private int[] _ids = new int[256];
    private int[] _types = new int[256];
    private int[] _starts = new int[256];
    private int[] _ends = new int[256];
    private int[] _words = new int[256];

    /// <summary>The number of tokens.</summary>
    public int Count { get; private set; }

    /// <summary>The number of tokens that belong to the first text: type 0, with its [CLS] and [SEP].</summary>
    public int FirstCount { get; private set; }

    /// <summary>How many tokens of the texts truncation removed.</summary>
    public int Cut { get; internal set; }

    /// <summary>Token ids, [Count].</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Token types, [Count]: 0 for the first text, 1 for the second.</summary>
    public ReadOnlySpan<int> Types => _types.AsSpan(0, Count);

    /// <summary>Where each token starts in its text, in UTF-16 units, [Count]; 0 for [CLS] and [SEP].</summary>
    public ReadOnlySpan<int> Starts => _starts.AsSpan(0, Count);

    /// <summary>Where each token ends in its text (exclusive), in UTF-16 units, [Count]; 0 for [CLS] and [SEP].</summary>
    public ReadOnlySpan<int> Ends => _ends.AsSpan(0, Count);

    /// <summary>The number of the word that each token is a piece of, counted from 0 in each text, [Count]; −1 for [CLS] and [SEP].</summary>
    public ReadOnlySpan<int> Words => _words.AsSpan(0, Count);

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
        if (n >= _ids.Length)
        {
            Grow();
        }

        _ids[n] = id;
        _starts[n] = start;
        _ends[n] = end;
        _words[n] = word;
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

        Array.Copy(_ids, from, _ids, to, count);
        Array.Copy(_starts, from, _starts, to, count);
        Array.Copy(_ends, from, _ends, to, count);
        Array.Copy(_words, from, _words, to, count);
    }

    internal void SetTypes(int firstCount)
    {
        FirstCount = firstCount;
        _types.AsSpan(0, firstCount).Clear();
        _types.AsSpan(firstCount, Count - firstCount).Fill(1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow()
    {
        var size = (int)Math.Min(Array.MaxLength, _ids.Length * 2L);
        Array.Resize(ref _ids, size);
        Array.Resize(ref _types, size);
        Array.Resize(ref _starts, size);
        Array.Resize(ref _ends, size);
        Array.Resize(ref _words, size);
    }
}
