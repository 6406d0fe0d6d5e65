using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Attention whose scores also depend on the distance δ = query − key: to positions by content (q·p[δ]), to content by positions (k·p′[δ]) and by a bias b[δ].
/// The tables are laid out by distance (<see cref="DistanceTables{V, S}"/>), so that a panel of queries meets the distances as a band: for a key, the lane of query j
/// reads the entry j places after that of query 0. A term by keys reads its band as it lies; a term by queries comes out of its product with the band upright in each
/// lane and is skewed (<see cref="Skew{V, S}"/>). Otherwise as <see cref="Attention{V, S}"/>: scores in tiles, nothing of size queries × keys in memory.
/// Rows are taken by position: a position that a sequence leaves out has a row of zeros, and its score as a key is out of reach.
/// </summary>
internal static unsafe partial class RelativeAttention<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>A score that no exponential function reaches.</summary>
    private const float OutOfReach = -1e30f;

    public struct Arguments
    {
        /// <summary>What plain attention takes.</summary>
        public Attention<V, S>.Arguments Plain;

        /// <summary>[T]: the position of each row, ascending in a sequence.</summary>
        public int* Positions;
        public DistanceTables<V, S> Tables;

        /// <summary>The sequences, and the groups of them whose gradients of the tables are summed by themselves.</summary>
        public int Sequences;
        public int Groups;

        /// <summary>For each group [table rows, H] twice, where the terms are there, and [table rows, heads].</summary>
        public float* Partial;
    }

    /// <summary>Floats of scratch memory that a task of <see cref="Forward"/> needs.</summary>
    public static long ForwardFloats(in DistanceTables<V, S> tables, int headSize)
    {
        var frame = new Frame { Keys = tables.Keys, Size = headSize };
        return frame.Carve(null, tables, backward: false);
    }

    /// <summary>Floats of scratch memory that a task of <see cref="Backward"/> needs.</summary>
    public static long BackwardFloats(in DistanceTables<V, S> tables, int headSize)
    {
        var frame = new Frame { Keys = tables.Keys, Size = headSize };
        return frame.Carve(null, tables, backward: true);
    }

    /// <summary>Task = sequence · heads + head.</summary>
    public static void Forward(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        ref var plain = ref g.Plain;
        var frame = Frame.Of(ref g, task / plain.Heads, task % plain.Heads);
        frame.Carve(plain.Own[slot], g.Tables, backward: false);
        frame.Load(ref g);
        var width = Tile.Width<V, S>();
        var strip = Attention<V, S>.Strip;
        var size = frame.Size;
        var length = frame.Length;
        var features = RoundUp(size, strip);
        var all = new KeyRange<V, S>(null, 0, length);
        Attention<V, S>.ColumnStrips(frame.Value, frame.Wide, size, length, frame.ValueStrips);
        for (var first = 0; first < length; first += width)
        {
            Scores(ref g, ref frame, first);
            for (var half = 0; half < width; half += S.Count)
            {
                var sum = Attention<V, S>.Softmax(frame.Scores + half, length, plain.Scale, out var highest);
                if (plain.LogSumExp is not null)
                {
                    S.Store(frame.LogSumExp + half, Attention<V, S>.LogSumExp(sum, highest, plain.Scale));
                }

                if (plain.Dropout.IsActive)
                {
                    sum = S.Multiply(sum, S.Broadcast(1 / plain.Dropout.Scale));
                }

                S.Store(frame.Divisors + half, S.Divide(S.Broadcast(1f), sum));
            }

            if (plain.Dropout.IsActive)
            {
                Attention<V, S>.Drop(frame.Scores, all, frame.Head, frame.Start + first, plain.Dropout);
            }

            for (var f = 0; f < features; f += strip)
            {
                var to = frame.Output + (nint)f * width;
                Tile.Packed<V, S>(strip, frame.ValueStrips + (nint)f * length, frame.Scores, width, to, width, length, accumulate: false);
                for (var r = 0; r < strip; r++)
                {
                    S.Store(to + r * width, S.Multiply(S.Load(to + r * width), S.Load(frame.Divisors)));
                    S.Store(to + r * width + S.Count, S.Multiply(S.Load(to + r * width + S.Count), S.Load(frame.Divisors + S.Count)));
                }
            }

            frame.StorePanel(frame.Output, first, plain.Context + frame.Head * size, plain.ContextStride);
            for (var lane = 0; lane < width && plain.LogSumExp is not null; lane++)
            {
                if (frame.RowOf[first + lane] is >= 0 and var row)
                {
                    plain.LogSumExp[frame.Head * plain.LogSumExpStride + row] = frame.LogSumExp[lane];
                }
            }
        }
    }

    /// <summary>Task = group · heads + head. A group's sequences are taken in their order.</summary>
    public static void Backward(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var head = task % g.Plain.Heads;
        var group = task / g.Plain.Heads;
        var first = (int)((long)g.Sequences * group / g.Groups);
        var end = (int)((long)g.Sequences * (group + 1) / g.Groups);
        var frame = default(Frame);
        for (var sequence = first; sequence < end; sequence++)
        {
            // The sums over distances lie at the same place for every sequence of a task.
            frame = Frame.Of(ref g, sequence, head);
            frame.Carve(g.Plain.Own[slot], g.Tables, backward: true);
            if (sequence == first)
            {
                frame.ClearDistanceSums();
            }

            BackwardSequence(ref g, ref frame);
        }

        var columns = g.Plain.Hidden;
        var partial = g.Partial + (nint)group * g.Tables.PartialFloats(columns, g.Plain.Heads);
        if (g.Tables.HasKeys)
        {
            g.Tables.Fold(frame.PositionKeySum, frame.Wide, frame.Size, 1, partial + head * frame.Size, columns);
            partial += (nint)g.Tables.Rows * columns;
        }

        if (g.Tables.HasQueries)
        {
            g.Tables.Fold(frame.PositionQuerySum, frame.Wide, frame.Size, 1, partial + head * frame.Size, columns);
            partial += (nint)g.Tables.Rows * columns;
        }

        if (g.Tables.HasBias)
        {
            g.Tables.Fold(frame.BiasSum, 1, 1, 1 / g.Plain.Scale, partial + head, g.Plain.Heads);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardSequence(ref Arguments g, ref Frame frame)
    {
        ref var plain = ref g.Plain;
        var width = Tile.Width<V, S>();
        var strip = Attention<V, S>.Strip;
        var (size, length, keys, wide) = (frame.Size, frame.Length, frame.Keys, frame.Wide);
        var features = RoundUp(size, strip);
        frame.Load(ref g);
        frame.LoadRows(plain.ContextGradient + frame.Head * size, plain.ContextGradientStride, frame.ContextGradient);
        frame.LoadRows(plain.Context + frame.Head * size, plain.ContextStride, frame.Context);
        Attention<V, S>.RowStrips(frame.Value, wide, keys, size, frame.ValueStrips);
        Attention<V, S>.ColumnStrips(frame.Key, wide, size, length, frame.KeyColumns);
        new Span<float>(frame.KeySum, 2 * keys * wide).Clear();
        var all = new KeyRange<V, S>(null, 0, length);
        for (var first = 0; first < length; first += width)
        {
            Scores(ref g, ref frame, first);
            Pack.Transposed(frame.ContextGradient + first * wide, wide, width, width, size, frame.OutputPanel);
            Pack.Transposed(frame.Context + first * wide, wide, width, width, size, frame.ContextPanel);
            Attention<V, S>.Multiply(frame.ValueStrips, keys, size, frame.OutputPanel, frame.Slopes);
            for (var half = 0; half < width; half += S.Count)
            {
                // δ = Σ dO ∘ O, one number for each query.
                var sum = S.Zero;
                for (var d = 0; d < size; d++)
                {
                    sum = S.MultiplyAdd(S.Load(frame.OutputPanel + d * width + half), S.Load(frame.ContextPanel + d * width + half), sum);
                }

                S.Store(frame.Divisors + half, sum);
            }

            for (var lane = 0; lane < width; lane++)
            {
                frame.LogSumExp[lane] = frame.RowOf[first + lane] is >= 0 and var row
                    ? plain.LogSumExp[frame.Head * plain.LogSumExpStride + row]
                    : -OutOfReach;
            }

            Attention<V, S>.ScoreGradients(
                ref plain, frame.Scores, frame.Slopes, all, frame.Head, frame.Start + first, frame.Divisors, frame.LogSumExp);
            new Span<float>(frame.Slopes + (nint)length * width, (keys - length) * width).Clear();

            // dV += P′ᵀ dO and dK += dSᵀ Q, summed over this panel's queries.
            for (var column = 0; column < size; column += width)
            {
                Attention<V, S>.Sum(frame.Scores, keys, frame.ContextGradient + first * wide + column, wide, frame.ValueSum + column, wide, width);
                Attention<V, S>.Sum(frame.Slopes, keys, frame.Query + first * wide + column, wide, frame.KeySum + column, wide, width);
            }

            // dQᵀ = Kᵀ dSᵀ
            for (var f = 0; f < features; f += strip)
            {
                Tile.Packed<V, S>(strip, frame.KeyColumns + (nint)f * length, frame.Slopes, width, frame.QueryGradient + (nint)f * width, width, length, false);
            }

            if (g.Tables.HasKeys)
            {
                ContentToPositionGradient(ref g, ref frame, first);
            }

            if (g.Tables.HasQueries)
            {
                PositionToContentGradient(ref g, ref frame, first);
            }

            if (g.Tables.HasBias)
            {
                BiasGradient(ref g, ref frame, first);
            }

            frame.StorePanel(frame.QueryGradient, first, plain.Gradient + frame.Head * size, plain.GradientStride);
        }

        frame.StoreRows(frame.KeySum, plain.Gradient + plain.Hidden + frame.Head * size, plain.GradientStride);
        frame.StoreRows(frame.ValueSum, plain.Gradient + 2 * plain.Hidden + frame.Head * size, plain.GradientStride);
    }

    /// <summary>The scores, not yet scaled, of all keys and a panel of queries: [keys, width].</summary>
    private static void Scores(ref Arguments g, ref Frame frame, int first)
    {
        var width = Tile.Width<V, S>();
        Pack.Transposed(frame.Query + first * frame.Wide, frame.Wide, width, width, frame.Size, frame.QueryPanel);
        Attention<V, S>.Multiply(frame.KeyStrips, frame.Keys, frame.Size, frame.QueryPanel, frame.Scores);
        if (g.Tables.HasKeys)
        {
            ContentToPosition(ref g, ref frame, first);
        }

        if (g.Tables.HasQueries)
        {
            PositionToContent(ref g, ref frame, first);
        }

        if (g.Tables.HasBias)
        {
            var bias = g.Tables.Bias(frame.Head) + frame.Shift + frame.Keys - 1 + first;
            for (var k = 0; k < frame.Length; k++)
            {
                Add(frame.Scores + (nint)k * width, bias - k, width);
            }
        }

        for (var k = 0; k < frame.Length && frame.HasGaps; k++)
        {
            if (frame.RowOf[k] < 0)
            {
                new Span<float>(frame.Scores + (nint)k * width, width).Fill(OutOfReach);
            }
        }
    }

    /// <summary>a[i] += b[i]; count is a whole number of vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add(float* a, float* b, int count)
    {
        for (var j = 0; j < count; j += S.Count)
        {
            S.Store(a + j, S.Add(S.Load(a + j), S.Load(b + j)));
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
