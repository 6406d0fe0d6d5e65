namespace Beret.Text.Pipeline;

/// <summary>
/// The symbols of one word, which are merged in the order of the ranks, at equal ranks from the left. A heap of the merges that are possible: O(n log n)
/// for n symbols. Reused working memory.
/// </summary>
internal sealed class MergeQueue
{
    private const int Gone = -1;

    private readonly PriorityQueue<(int Rank, int At), ulong> queue = new();
    private Symbol[] symbols = new Symbol[64];
    private int count;

    public void Clear() => count = 0;

    /// <param name="id">The token.</param>
    /// <param name="bytes">Its length in UTF-8 bytes.</param>
    public void Add(int id, int bytes)
    {
        if (count == symbols.Length)
        {
            Array.Resize(ref symbols, (int)Math.Min(Array.MaxLength, count * 2L));
        }

        symbols[count] = new Symbol { Id = id, Bytes = bytes, Previous = count - 1, Next = count + 1 };
        count++;
    }

    /// <summary>Merges until nothing merges any more.</summary>
    public void MergeAll(MergeTable merges)
    {
        for (var i = 0; i + 1 < count; i++)
        {
            Offer(i, i + 1, merges);
        }

        while (queue.TryDequeue(out var merge, out _))
        {
            ref var left = ref symbols[merge.At];
            if (left.Id == Gone || left.Next == count)
            {
                continue;
            }

            // Stands for two symbols that are there no more, unless what they are now becomes the same token.
            ref var right = ref symbols[left.Next];
            var rank = merges.Rank(left.Id, right.Id);
            var result = merges.Result(merge.Rank);
            if (rank < 0 || merges.Result(rank) != result)
            {
                continue;
            }

            left.Id = result;
            left.Bytes += right.Bytes;
            left.Next = right.Next;
            right.Id = Gone;
            if (left.Next < count)
            {
                symbols[left.Next].Previous = merge.At;
                Offer(merge.At, left.Next, merges);
            }

            if (left.Previous >= 0)
            {
                Offer(left.Previous, merge.At, merges);
            }
        }
    }

    /// <summary>The symbols that are left, from the left.</summary>
    public Enumerator GetEnumerator() => new(this);

    private void Offer(int left, int right, MergeTable merges)
    {
        var rank = merges.Rank(symbols[left].Id, symbols[right].Id);
        if (rank >= 0)
        {
            queue.Enqueue((rank, left), ((ulong)(uint)rank << 32) | (uint)left);
        }
    }

    private struct Symbol
    {
        public int Id;
        public int Bytes;
        public int Previous;
        public int Next;
    }

    public struct Enumerator(MergeQueue word)
    {
        private int at = -1;
        private int next;

        public readonly (int Id, int Bytes) Current => (word.symbols[at].Id, word.symbols[at].Bytes);

        public bool MoveNext()
        {
            (at, next) = (next, next < word.count ? word.symbols[next].Next : next);
            return at < word.count;
        }
    }
}
