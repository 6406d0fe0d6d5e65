using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Attention of one head over one sequence. Scores are kept transposed, [keys, a panel of queries], in cache: the softmax then runs down the columns
/// with no sum across a vector, and a score tile is at once the packed panel that the next product reads. Nothing of size queries × keys reaches memory;
/// the backward pass computes the probabilities anew from the saved logarithm of their denominator (Dao et al., FlashAttention, 2022, §3.1).
/// </summary>
internal static unsafe class Attention<V, S>
    where V : struct
    where S : ISimd<V>
{
    public struct Arguments
    {
        public float* QueryKeyValue;
        public nint Stride;
        public int* Starts;
        public int Heads;
        public int HeadSize;
        public int Hidden;
        public float Scale;
        public Dropout Dropout;

        /// <summary>Of each token, where queries see only the keys within <see cref="Reach"/> of their own; else null.</summary>
        public int* Positions;
        public int Reach;

        /// <summary>[heads, T], or null.</summary>
        public float* LogSumExp;
        public nint LogSumExpStride;
        public float* Context;
        public nint ContextStride;
        public float* ContextGradient;
        public nint ContextGradientStride;
        public float* Gradient;
        public nint GradientStride;
        internal float** Own;
    }

    /// <summary>Rows of a strip.</summary>
    internal static int Strip
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => S.HasManyRegisters ? 8 : 4;
    }

    /// <summary>Floats of scratch memory that a task of <see cref="Forward"/> needs.</summary>
    public static long ForwardFloats(int longest, int headSize)
    {
        long keys = RoundUp(longest, Strip);
        long features = RoundUp(headSize, Strip);
        return keys * headSize + features * longest + (keys + headSize + features) * Tile.Width<V, S>() + 64;
    }

    /// <summary>Floats of scratch memory that a task of <see cref="Backward"/> needs.</summary>
    public static long BackwardFloats(int longest, int headSize)
    {
        var width = Tile.Width<V, S>();
        long keys = RoundUp(longest, Strip);
        long features = RoundUp(headSize, Strip);
        long wide = RoundUp(headSize, width);
        return 2 * keys * headSize + features * longest + 2 * keys * wide + (2 * keys + 5 * Math.Max(headSize, features) + wide + 2) * width + 64;
    }

    /// <summary>Task = sequence · heads + head.</summary>
    public static void Forward(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var head = task % g.Heads;
        var start = g.Starts[task / g.Heads];
        var length = g.Starts[task / g.Heads + 1] - start;
        var width = Tile.Width<V, S>();
        var size = g.HeadSize;
        var keys = RoundUp(length, Strip);
        var features = RoundUp(size, Strip);
        var query = g.QueryKeyValue + start * g.Stride + head * size;
        var keyStrips = g.Own[slot];
        var valueStrips = keyStrips + (nint)keys * size;
        var scores = valueStrips + (nint)features * length;
        var queryPanel = scores + (nint)keys * width;
        var output = queryPanel + (nint)size * width;
        RowStrips(query + g.Hidden, g.Stride, length, size, keyStrips);
        ColumnStrips(query + 2 * g.Hidden, g.Stride, size, length, valueStrips);
        var range = new KeyRange<V, S>(g.Positions is null ? null : g.Positions + start, g.Reach, length);
        for (var first = 0; first < length; first += width)
        {
            var count = Math.Min(width, length - first);
            range.MoveTo(first, count);
            Pack.Transposed(query + first * g.Stride, g.Stride, count, width, size, queryPanel);
            Multiply(keyStrips + (nint)range.First * size, range.Count, size, queryPanel, scores);
            range.Hide(scores, float.NegativeInfinity);
            for (var half = 0; half < width; half += S.Count)
            {
                var sum = Softmax(scores + half, range.Count, g.Scale, out var highest);
                if (g.LogSumExp is not null && half < count)
                {
                    S.StorePart(
                        g.LogSumExp + head * g.LogSumExpStride + start + first + half, LogSumExp(sum, highest, g.Scale), Math.Min(S.Count, count - half));
                }

                if (g.Dropout.IsActive)
                {
                    sum = S.Multiply(sum, S.Broadcast(1 / g.Dropout.Scale));
                }

                // What every query's sum of values is divided by; kept beside the query panel, which is no longer needed.
                S.Store(queryPanel + half, S.Divide(S.Broadcast(1f), sum));
            }

            if (g.Dropout.IsActive)
            {
                Drop(scores, range, head, start + first, g.Dropout);
            }

            for (var f = 0; f < features; f += Strip)
            {
                var to = output + (nint)f * width;
                Tile.Packed<V, S>(Strip, valueStrips + (nint)f * length + range.First * Strip, scores, width, to, width, range.Count, accumulate: false);
                for (var r = 0; r < Strip; r++)
                {
                    S.Store(to + r * width, S.Multiply(S.Load(to + r * width), S.Load(queryPanel)));
                    S.Store(to + r * width + S.Count, S.Multiply(S.Load(to + r * width + S.Count), S.Load(queryPanel + S.Count)));
                }
            }

            Pack.Transpose(output, width, size, count, g.Context + (start + first) * g.ContextStride + head * size, g.ContextStride);
        }
    }

    /// <summary>Task = sequence · heads + head.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var head = task % g.Heads;
        var start = g.Starts[task / g.Heads];
        var length = g.Starts[task / g.Heads + 1] - start;
        var width = Tile.Width<V, S>();
        var size = g.HeadSize;
        var keys = RoundUp(length, Strip);
        var features = RoundUp(size, Strip);
        var wide = RoundUp(size, width);
        var query = g.QueryKeyValue + start * g.Stride + head * size;
        var key = query + g.Hidden;
        var value = query + 2 * g.Hidden;
        var gradient = g.Gradient + start * g.GradientStride + head * size;

        var keyStrips = g.Own[slot];
        var valueStrips = keyStrips + (nint)keys * size;
        var keyColumns = valueStrips + (nint)keys * size;
        var keySum = keyColumns + (nint)features * length;
        var valueSum = keySum + (nint)keys * wide;
        var scores = valueSum + (nint)keys * wide;
        var slopes = scores + (nint)keys * width;
        var queryPanel = slopes + (nint)keys * width;
        var outputPanel = queryPanel + (nint)size * width;
        var contextPanel = outputPanel + (nint)size * width;
        var queryGradient = contextPanel + (nint)size * width;
        var rows = queryGradient + (nint)features * width;
        var delta = rows + (nint)width * width;
        var logSumExp = delta + width;

        RowStrips(key, g.Stride, length, size, keyStrips);
        RowStrips(value, g.Stride, length, size, valueStrips);
        ColumnStrips(key, g.Stride, size, length, keyColumns);
        new Span<float>(keySum, 2 * keys * wide).Clear();
        var range = new KeyRange<V, S>(g.Positions is null ? null : g.Positions + start, g.Reach, length);
        for (var first = 0; first < length; first += width)
        {
            var count = Math.Min(width, length - first);
            range.MoveTo(first, count);
            var outputRow = g.ContextGradient + (start + first) * g.ContextGradientStride + head * size;
            Pack.Transposed(query + first * g.Stride, g.Stride, count, width, size, queryPanel);
            Pack.Transposed(outputRow, g.ContextGradientStride, count, width, size, outputPanel);
            Pack.Transposed(
                g.Context + (start + first) * g.ContextStride + head * size, g.ContextStride, count, width, size, contextPanel);
            Multiply(keyStrips + (nint)range.First * size, range.Count, size, queryPanel, scores);
            Multiply(valueStrips + (nint)range.First * size, range.Count, size, outputPanel, slopes);
            for (var half = 0; half < width; half += S.Count)
            {
                // δ = Σ dO ∘ O, one number for each query.
                var sum = S.Zero;
                for (var d = 0; d < size; d++)
                {
                    sum = S.MultiplyAdd(S.Load(outputPanel + d * width + half), S.Load(contextPanel + d * width + half), sum);
                }

                S.Store(delta + half, sum);
                var saved = g.LogSumExp + head * g.LogSumExpStride + start + first + half;
                S.Store(logSumExp + half, half < count ? S.LoadPart(saved, Math.Min(S.Count, count - half)) : S.Zero);
            }

            ScoreGradients(ref g, scores, slopes, range, head, start + first, delta, logSumExp);
            range.Hide(scores, 0);
            range.Hide(slopes, 0);

            // dV += P′ᵀ dO and dK += dSᵀ Q, summed over this panel's queries.
            for (var column = 0; column < size; column += width)
            {
                var columns = Math.Min(width, size - column);
                Pack.Direct(outputRow + column, g.ContextGradientStride, columns, width, count, rows);
                Sum(scores, range.Count, rows, width, valueSum + (nint)range.First * wide + column, wide, count);
                Pack.Direct(query + first * g.Stride + column, g.Stride, columns, width, count, rows);
                Sum(slopes, range.Count, rows, width, keySum + (nint)range.First * wide + column, wide, count);
            }

            // dQᵀ = Kᵀ dSᵀ
            for (var f = 0; f < features; f += Strip)
            {
                Tile.Packed<V, S>(
                    Strip, keyColumns + (nint)f * length + range.First * Strip, slopes, width, queryGradient + (nint)f * width, width, range.Count, false);
            }

            Pack.Transpose(queryGradient, width, size, count, gradient + first * g.GradientStride, g.GradientStride);
        }

        for (var t = 0; t < length; t++)
        {
            new ReadOnlySpan<float>(keySum + (nint)t * wide, size).CopyTo(new Span<float>(gradient + t * g.GradientStride + g.Hidden, size));
            new ReadOnlySpan<float>(valueSum + (nint)t * wide, size).CopyTo(new Span<float>(gradient + t * g.GradientStride + 2 * g.Hidden, size));
        }
    }

    /// <summary>scores → P with dropout, slopes (dP′) → dS = P ∘ (dropout(dP′) − δ) · scale.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ScoreGradients(
        ref Arguments g, float* scores, float* slopes, in KeyRange<V, S> range, int head, int firstRow, float* delta, float* logSumExp)
    {
        var width = Tile.Width<V, S>();
        var scale = S.Broadcast(g.Scale);
        var factor = S.Broadcast(g.Scale * VectorMath.Log2E);
        var words = stackalloc uint[8 * PhiloxLanes.Count];
        var groups = (width + PhiloxLanes.Count - 1) / PhiloxLanes.Count;
        var keepScale = S.Broadcast(g.Dropout.Scale);
        for (var t = 0; t < range.Count; t++)
        {
            if (g.Dropout.IsActive && (t & 7) == 0)
            {
                for (var group = 0; group < groups; group++)
                {
                    Bits(head, range.First + t, firstRow + group * PhiloxLanes.Count, g.Dropout, words + group * 64);
                }
            }

            for (var half = 0; half < width; half += S.Count)
            {
                var place = (nint)t * width + half;
                var p = VectorMath.Exp2<V, S>(S.MultiplyAdd(factor, S.Load(scores + place), S.Multiply(S.Load(logSumExp + half), S.Broadcast(-VectorMath.Log2E))));
                var slope = S.Load(slopes + place);
                if (g.Dropout.IsActive)
                {
                    var bits = words + half / 16 * 64 + (t & 7) / 2 * 16 + half % 16;
                    var shift = (t & 1) * 16;
                    S.Store(scores + place, S.KeepAtLeast(bits, shift, g.Dropout.Threshold, S.Multiply(p, keepScale)));
                    slope = S.KeepAtLeast(bits, shift, g.Dropout.Threshold, S.Multiply(slope, keepScale));
                }
                else
                {
                    S.Store(scores + place, p);
                }

                S.Store(slopes + place, S.Multiply(S.Multiply(p, S.Subtract(slope, S.Load(delta + half))), scale));
            }
        }
    }

    /// <summary>scores → e^(scale·(score − the column's maximum)); returns the columns' sums, and their maxima.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static V Softmax(float* scores, int length, float scale, out V highest)
    {
        var width = Tile.Width<V, S>();
        highest = Highest(scores, length);

        var factor = S.Broadcast(scale * VectorMath.Log2E);
        var shift = S.Multiply(S.Broadcast(-scale * VectorMath.Log2E), highest);
        var sum = S.Zero;
        for (var t = 0; t < length; t++)
        {
            var e = VectorMath.Exp2<V, S>(S.MultiplyAdd(factor, S.Load(scores + (nint)t * width), shift));
            S.Store(scores + (nint)t * width, e);
            sum = S.Add(sum, e);
        }

        return sum;
    }

    /// <summary>The logarithm of Σ e^(scale·score), for the backward pass.</summary>
    internal static V LogSumExp(V sum, V highest, float scale)
    {
        var lanes = stackalloc float[2 * S.Count];
        S.Store(lanes, sum);
        for (var i = 0; i < S.Count; i++)
        {
            lanes[i] = (float)Math.Log(lanes[i]);
        }

        return S.MultiplyAdd(S.Broadcast(scale), highest, S.Load(lanes));
    }

    /// <summary>The columns' maxima, of every fourth row by itself first: each comparison would otherwise wait for the one before.</summary>
    internal static V Highest(float* scores, int length)
    {
        var width = Tile.Width<V, S>();
        var first = S.Load(scores);
        var (second, third, fourth) = (first, first, first);
        var t = 0;
        for (; t + 4 <= length; t += 4)
        {
            var row = scores + (nint)t * width;
            first = S.Max(first, S.Load(row));
            second = S.Max(second, S.Load(row + width));
            third = S.Max(third, S.Load(row + 2 * width));
            fourth = S.Max(fourth, S.Load(row + 3 * width));
        }

        for (; t < length; t++)
        {
            first = S.Max(first, S.Load(scores + (nint)t * width));
        }

        return S.Max(S.Max(first, second), S.Max(third, fourth));
    }

    /// <summary>Zeroes the dropped scores of a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void Drop(float* scores, in KeyRange<V, S> range, int head, int firstRow, in Dropout dropout)
    {
        var width = Tile.Width<V, S>();
        var words = stackalloc uint[4 * PhiloxLanes.Count];
        for (var from = 0; from < width; from += PhiloxLanes.Count)
        {
            var lanes = Math.Min(PhiloxLanes.Count, width - from);
            for (var t = 0; t < range.Count; t += 8)
            {
                Bits(head, range.First + t, firstRow + from, dropout, words);
                for (var i = 0; i < 8 && t + i < range.Count; i++)
                {
                    for (var lane = 0; lane < lanes; lane += S.Count)
                    {
                        var place = scores + (nint)(t + i) * width + from + lane;
                        S.Store(place, S.KeepAtLeast(words + i / 2 * 16 + lane, (i & 1) * 16, dropout.Threshold, S.Load(place)));
                    }
                }
            }
        }
    }

    /// <summary>The random bits of 16 queries from a row on and 8 keys, as <see cref="Dropout.Keeps(int, int, int)"/> draws them.</summary>
    internal static void Bits(int head, int key, int row, in Dropout dropout, uint* words) =>
        PhiloxLanes.Fill<V, S>(((uint)head << 16) | (uint)(key >> 3), 0, (uint)row, 1, dropout, words);

    /// <summary>product[i, :] = Σ_k strips(i, k) · panel[k, :].</summary>
    internal static void Multiply(float* strips, int rows, int k, float* panel, float* product)
    {
        var width = Tile.Width<V, S>();
        for (var r = 0; r < rows; r += Strip)
        {
            Tile.Packed<V, S>(Strip, strips + (nint)r * k, panel, width, product + (nint)r * width, width, k, accumulate: false);
        }
    }

    /// <summary>sums[i, :] += Σ_q scores[i, q] · panel[q, :].</summary>
    internal static void Sum(float* scores, int rows, float* panel, nint panelStride, float* sums, int stride, int queries)
    {
        var width = Tile.Width<V, S>();
        for (var r = 0; r < rows; r += Strip)
        {
            Tile.ScoreRows<V, S>(Strip, scores + (nint)r * width, panel, panelStride, sums + (nint)r * stride, stride, queries, accumulate: true);
        }
    }

    /// <summary>Strips of rows: a(r, k) = source[r, k].</summary>
    internal static void RowStrips(float* source, nint stride, int rows, int k, float* strips)
    {
        for (var r = 0; r < rows; r += Strip)
        {
            Pack.Transposed(source + r * stride, stride, Math.Min(Strip, rows - r), Strip, k, strips + (nint)r * k);
        }
    }

    /// <summary>Strips of columns: a(r, k) = source[k, r].</summary>
    internal static void ColumnStrips(float* source, nint stride, int columns, int k, float* strips)
    {
        for (var c = 0; c < columns; c += Strip)
        {
            Pack.Direct(source + c, stride, Math.Min(Strip, columns - c), Strip, k, strips + (nint)c * k);
        }
    }

    internal static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
