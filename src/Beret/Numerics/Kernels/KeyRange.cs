using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>The keys [First, First + Count) of a sequence that a panel of its queries sees: all of them, or with a window a range that slides on with the panel.</summary>
internal unsafe struct KeyRange<V, S>
    where V : struct
    where S : ISimd<V>
{
    // What dropout draws at once, and whole strips: a range begins at a multiple of it.
    private const int Group = 8;

    private readonly int* positions;
    private readonly int reach;
    private readonly int length;
    private int end;
    private int firstQuery;
    private int queries;

    /// <param name="positions">Of the sequence's tokens, ascending; null: there is no window.</param>
    /// <param name="reach">The largest distance that is seen.</param>
    /// <param name="length">The number of tokens.</param>
    public KeyRange(int* positions, int reach, int length)
    {
        this.positions = positions;
        this.reach = reach;
        this.length = length;
        Count = length;
    }

    public int First { get; private set; }

    public int Count { get; private set; }

    /// <summary>To a panel of queries that follows the one before.</summary>
    public void MoveTo(int first, int count)
    {
        if (positions is null)
        {
            return;
        }

        (firstQuery, queries) = (first, count);
        while (First + Group <= first && positions[First + Group - 1] < positions[first] - reach)
        {
            First += Group;
        }

        while (end < length && positions[end] <= positions[first + count - 1] + reach)
        {
            end++;
        }

        Count = Math.Min((end + Group - 1) / Group * Group, length) - First;
    }

    /// <summary>Writes a value over the scores [Count, a panel] between a query and a key that is out of its reach.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public readonly void Hide(float* scores, float value)
    {
        if (positions is null)
        {
            return;
        }

        var width = Tile.Width<V, S>();
        var (low, high) = (positions[firstQuery], positions[firstQuery + queries - 1]);
        var places = stackalloc float[width];
        for (var i = 0; i < width; i++)
        {
            places[i] = i < queries ? positions[firstQuery + i] : high;
        }

        var hidden = S.Broadcast(value);
        var limit = S.Broadcast(reach);
        for (var t = 0; t < Count; t++)
        {
            var place = positions[First + t];
            if (place >= high - reach && place <= low + reach)
            {
                continue;
            }

            var key = S.Broadcast(place);
            for (var half = 0; half < width; half += S.Count)
            {
                var score = scores + (nint)t * width + half;
                S.Store(score, S.SelectLess(limit, S.Abs(S.Subtract(key, S.Load(places + half))), hidden, S.Load(score)));
            }
        }
    }
}
