namespace Beret.Numerics;

/// <summary>
/// A batch of token sequences, one after the other without padding: sequence b has rows Starts[b] … Starts[b+1]−1. Made to be filled again and again:
/// once it has grown to the largest batch it allocates nothing more. A sequence is a document, or one of several windows of a document: those lie side by side.
/// </summary>
internal sealed class PackedBatch
{
    private int[] ids = [];
    private int[] types = [];
    private int[] positions = [];
    private int[] starts = [0];
    private int[] windows = [0];

    /// <summary>The number of tokens, T.</summary>
    public int Tokens { get; private set; }

    /// <summary>The number of sequences, B.</summary>
    public int Sequences { get; private set; }

    /// <summary>The number of documents, D.</summary>
    public int Documents { get; private set; }

    /// <summary>Whether a document has several windows.</summary>
    public bool HasWindows => Documents < Sequences;

    /// <summary>The length of the longest sequence.</summary>
    public int Longest { get; private set; }

    /// <summary>The largest position.</summary>
    public int LastPosition { get; private set; }

    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Tokens);

    /// <summary>Segment numbers: 0 for the first text, 1 for the second of a pair.</summary>
    public ReadOnlySpan<int> Types => types.AsSpan(0, Tokens);

    /// <summary>Each token's position in its sequence; with gaps where a mask had holes.</summary>
    public ReadOnlySpan<int> Positions => positions.AsSpan(0, Tokens);

    /// <summary>B + 1 row numbers.</summary>
    public ReadOnlySpan<int> Starts => starts.AsSpan(0, Sequences + 1);

    /// <summary>D + 1 sequence numbers: document d has sequences Windows[d] … Windows[d+1]−1.</summary>
    public ReadOnlySpan<int> Windows => windows.AsSpan(0, Documents + 1);

    /// <summary>Sequences of one length, the last perhaps shorter: what a pass is planned for.</summary>
    public static PackedBatch Of(int tokens, int length)
    {
        var batch = new PackedBatch();
        var ids = new int[length];
        for (var left = tokens; left > 0; left -= length)
        {
            batch.Add(ids.AsSpan(0, Math.Min(length, left)));
        }

        return batch;
    }

    public void Clear()
    {
        Tokens = 0;
        Sequences = 0;
        Documents = 0;
        Longest = 0;
        LastPosition = 0;
    }

    /// <summary>Adds a sequence, which is a document. Types may be empty (all 0), positions too (0, 1, 2, …).</summary>
    /// <exception cref="ArgumentException">The sequence is empty (a softmax over nothing has no value), or its positions do not ascend.</exception>
    public void Add(ReadOnlySpan<int> ids, ReadOnlySpan<int> types = default, ReadOnlySpan<int> positions = default)
    {
        if (ids.IsEmpty)
        {
            throw new ArgumentException("a sequence holds at least one token", nameof(ids));
        }

        Grow(Tokens + ids.Length);
        ids.CopyTo(this.ids.AsSpan(Tokens));
        if (types.IsEmpty)
        {
            this.types.AsSpan(Tokens, ids.Length).Clear();
        }
        else
        {
            types.CopyTo(this.types.AsSpan(Tokens, ids.Length));
        }

        for (var i = 0; i < ids.Length; i++)
        {
            var position = positions.IsEmpty ? i : positions[i];
            if (i > 0 && position <= this.positions[Tokens + i - 1])
            {
                throw new ArgumentException("the positions of a sequence ascend", nameof(positions));
            }

            this.positions[Tokens + i] = position;
            LastPosition = Math.Max(LastPosition, position);
        }

        Tokens += ids.Length;
        Sequences++;
        starts[Sequences] = Tokens;
        Documents++;
        windows[Documents] = Sequences;
        Longest = Math.Max(Longest, ids.Length);
    }

    /// <summary>Adds a further window of the document that was added last. Its first tokens, in the number <paramref name="first"/>, are of the first text, and the others of the second.</summary>
    public void AddWindow(ReadOnlySpan<int> ids, int first)
    {
        Add(ids, first);
        Documents--;
        windows[Documents] = Sequences;
    }

    /// <summary>Adds a sequence whose first tokens, in this number, are of the first text, and the others of the second.</summary>
    public void Add(ReadOnlySpan<int> ids, int first)
    {
        Add(ids);
        types.AsSpan(Tokens - ids.Length + first, ids.Length - first).Fill(1);
    }

    private void Grow(int tokens)
    {
        if (tokens > ids.Length)
        {
            var size = Math.Max(tokens, 2 * ids.Length);
            Array.Resize(ref ids, size);
            Array.Resize(ref types, size);
            Array.Resize(ref positions, size);
        }

        if (Sequences + 2 > starts.Length)
        {
            var size = Math.Max(Sequences + 2, 2 * starts.Length);
            Array.Resize(ref starts, size);
            Array.Resize(ref windows, size);
        }
    }
}
