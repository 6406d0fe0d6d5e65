using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Talking-heads attention: all heads of a panel of queries together. Their score tiles, each [keys, a panel of queries] as in <see cref="Attention{V, S}"/>, lie
/// one behind the other, so that the mixing of one key's scores is a small matrix product [heads, heads] · [heads, panel] for the register tiles.
/// Nothing of size queries × keys is kept beyond the panel.
/// </summary>
internal static unsafe partial class TalkingHeads<V, S>
    where V : struct
    where S : ISimd<V>
{
    // Keys and values are packed once for so many panels.
    private const int PanelsOfTask = 4;

    public struct Arguments
    {
        public float* QueryKeyValue;
        public nint Stride;

        /// <summary>[heads, heads], contiguous.</summary>
        public float* PreSoftmax;
        public float* PostSoftmax;
        public int* Starts;
        public int Heads;
        public int HeadSize;
        public int Hidden;
        public float Scale;
        public Dropout Dropout;

        /// <summary>[heads, T], or null.</summary>
        public float* LogSumExp;
        public nint LogSumExpStride;
        public float* Context;
        public nint ContextStride;
        public float* ContextGradient;
        public nint ContextGradientStride;
        public float* Gradient;
        public nint GradientStride;

        /// <summary>[B, 2, heads, heads]: each sequence's part of the gradients of the two mixing matrices.</summary>
        public float* MixingGradients;

        /// <summary>Tasks of the longest sequence in <see cref="Forward"/>.</summary>
        public int TasksOfSequence;
        internal float** Own;
    }

    private static int Strip => Attention<V, S>.Strip;

    /// <summary>Tasks of a sequence in <see cref="Forward"/>.</summary>
    public static int ForwardTasks(int length) => (length + PanelsOfTask * Tile.Width<V, S>() - 1) / (PanelsOfTask * Tile.Width<V, S>());

    /// <summary>Floats of scratch memory that a task of <see cref="Forward"/> needs.</summary>
    public static long ForwardFloats(int longest, int heads, int headSize)
    {
        var layout = new Layout(null, longest, heads, headSize);
        LayOutForward(ref layout, out _);
        return layout.Floats;
    }

    /// <summary>Floats of scratch memory that a task of <see cref="Backward"/> needs.</summary>
    public static long BackwardFloats(int longest, int heads, int headSize)
    {
        var layout = new Layout(null, longest, heads, headSize);
        LayOutForward(ref layout, out _);
        LayOutBackward(ref layout, out _);
        return layout.Floats;
    }

    /// <summary>Task = sequence · <see cref="Arguments.TasksOfSequence"/> + its panels' number.</summary>
    public static void Forward(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var width = Tile.Width<V, S>();
        var start = g.Starts[task / g.TasksOfSequence];
        var length = g.Starts[task / g.TasksOfSequence + 1] - start;
        var from = task % g.TasksOfSequence * PanelsOfTask * width;
        var to = Math.Min(length, from + PanelsOfTask * width);
        if (from >= to)
        {
            return;
        }

        var layout = new Layout(g.Own[slot], length, g.Heads, g.HeadSize);
        LayOutForward(ref layout, out var room);
        var rows = g.QueryKeyValue + start * g.Stride;
        PackMixing(g.PreSoftmax, g.Heads, g.Scale, transposed: true, room.PreSoftmax);
        PackMixing(g.PostSoftmax, g.Heads, g.Dropout.Scale, transposed: true, room.PostSoftmax);
        for (var head = 0; head < g.Heads; head++)
        {
            var key = rows + g.Hidden + head * g.HeadSize;
            Attention<V, S>.RowStrips(key, g.Stride, length, g.HeadSize, room.KeyStrips + head * layout.KeyFloats);
            Attention<V, S>.ColumnStrips(key + g.Hidden, g.Stride, g.HeadSize, length, room.ValueStrips + head * layout.ValueFloats);
        }

        for (var first = from; first < to; first += width)
        {
            var count = Math.Min(width, length - first);
            for (var head = 0; head < g.Heads; head++)
            {
                Pack.Transposed(rows + first * g.Stride + head * g.HeadSize, g.Stride, count, width, g.HeadSize, room.Panel);
                Attention<V, S>.Multiply(room.KeyStrips + head * layout.KeyFloats, layout.Keys, g.HeadSize, room.Panel, room.Scores + head * layout.TileFloats);
            }

            MixTiles(room.PreSoftmax, room.Scores, room.Row, layout);
            for (var head = 0; head < g.Heads; head++)
            {
                for (var half = 0; half < width; half += S.Count)
                {
                    var sum = Attention<V, S>.Softmax(room.Scores + head * layout.TileFloats + half, length, 1, out var highest);
                    S.Store(room.Columns + head * width + half, S.Divide(S.Broadcast(1f), sum));
                    if (g.LogSumExp is not null && half < count)
                    {
                        S.StorePart(g.LogSumExp + head * g.LogSumExpStride + start + first + half, Attention<V, S>.LogSumExp(sum, highest, 1), Math.Min(S.Count, count - half));
                    }
                }

                Scale(room.Scores + head * layout.TileFloats, length, room.Columns + head * width);
            }

            MixTiles(room.PostSoftmax, room.Scores, room.Row, layout);
            for (var head = 0; head < g.Heads; head++)
            {
                var weights = room.Scores + head * layout.TileFloats;
                if (g.Dropout.IsActive)
                {
                    Attention<V, S>.Drop(weights, new KeyRange<V, S>(null, 0, length), head, start + first, g.Dropout);
                }

                for (var f = 0; f < layout.Features; f += Strip)
                {
                    Tile.Packed<V, S>(
                        Strip, room.ValueStrips + head * layout.ValueFloats + (nint)f * length, weights, width, room.Output + (nint)f * width, width, length, false);
                }

                Pack.Transpose(
                    room.Output, width, g.HeadSize, count, g.Context + (start + first) * g.ContextStride + head * g.HeadSize, g.ContextStride);
            }
        }
    }

    /// <summary>Task = sequence. The names are those of the reference: dP′ is the gradient of the mixed probabilities, dS′ that of the mixed scores.</summary>
    public static void Backward(void* state, int task, int slot)
    {
        ref var g = ref *(Arguments*)state;
        var width = Tile.Width<V, S>();
        var (heads, size) = (g.Heads, g.HeadSize);
        var start = g.Starts[task];
        var length = g.Starts[task + 1] - start;
        var layout = new Layout(g.Own[slot], length, heads, size);
        LayOutForward(ref layout, out var room);
        LayOutBackward(ref layout, out var more);
        var rows = g.QueryKeyValue + start * g.Stride;
        var gradient = g.Gradient + start * g.GradientStride;
        var preGradient = g.MixingGradients + 2L * task * heads * heads;
        var postGradient = preGradient + heads * heads;
        new Span<float>(preGradient, 2 * heads * heads).Clear();
        PackMixing(g.PreSoftmax, heads, g.Scale, transposed: true, room.PreSoftmax);
        PackMixing(g.PostSoftmax, heads, g.Dropout.Scale, transposed: true, room.PostSoftmax);
        PackMixing(g.PreSoftmax, heads, g.Scale, transposed: false, more.PreSoftmaxBack);
        PackMixing(g.PostSoftmax, heads, g.Dropout.Scale, transposed: false, more.PostSoftmaxBack);
        for (var head = 0; head < heads; head++)
        {
            var key = rows + g.Hidden + head * size;
            Attention<V, S>.RowStrips(key, g.Stride, length, size, room.KeyStrips + head * layout.KeyFloats);
            Attention<V, S>.RowStrips(key + g.Hidden, g.Stride, length, size, room.ValueStrips + head * layout.ValueFloats);
            Attention<V, S>.ColumnStrips(key, g.Stride, size, length, more.KeyColumns + head * layout.ValueFloats);
        }

        new Span<float>(more.KeySums, checked((int)(2 * heads * layout.SumFloats))).Clear();
        for (var first = 0; first < length; first += width)
        {
            var count = Math.Min(width, length - first);
            var contextRows = g.ContextGradient + (start + first) * g.ContextGradientStride;
            for (var head = 0; head < heads; head++)
            {
                Pack.Transposed(rows + first * g.Stride + head * size, g.Stride, count, width, size, room.Panel);
                Attention<V, S>.Multiply(room.KeyStrips + head * layout.KeyFloats, layout.Keys, size, room.Panel, room.Scores + head * layout.TileFloats);
                Pack.Transposed(contextRows + head * size, g.ContextGradientStride, count, width, size, room.Panel);
                Attention<V, S>.Multiply(room.ValueStrips + head * layout.ValueFloats, layout.Keys, size, room.Panel, more.Slopes + head * layout.TileFloats);
                for (var half = 0; half < width; half += S.Count)
                {
                    var saved = g.LogSumExp + head * g.LogSumExpStride + start + first + half;
                    S.Store(room.Columns + head * width + half, half < count ? S.LoadPart(saved, Math.Min(S.Count, count - half)) : S.Zero);
                }
            }

            Probabilities(room, more, layout);
            for (var head = 0; head < heads && g.Dropout.IsActive; head++)
            {
                DropBoth(more.Mixed + head * layout.TileFloats, more.Slopes + head * layout.TileFloats, length, head, start + first, g.Dropout);
            }

            AddProducts(more.Probabilities, more.Slopes, layout, g.Dropout.Scale, postGradient);
            ScoreGradients(room, more, layout);
            AddProducts(room.Scores, more.Probabilities, layout, g.Scale, preGradient);
            for (var head = 0; head < heads; head++)
            {
                var weights = more.Mixed + head * layout.TileFloats;
                var slopes = more.Slopes + head * layout.TileFloats;
                var keySums = more.KeySums + head * layout.SumFloats;
                var valueSums = more.ValueSums + head * layout.SumFloats;

                // dV += (P′∘M)ᵀ dO and dK += dSᵀ Q, summed over this panel's queries.
                for (var column = 0; column < size; column += width)
                {
                    var columns = Math.Min(width, size - column);
                    Pack.Direct(contextRows + head * size + column, g.ContextGradientStride, columns, width, count, more.Rows);
                    Attention<V, S>.Sum(weights, layout.Keys, more.Rows, width, valueSums + column, layout.Wide, count);
                    Pack.Direct(rows + first * g.Stride + head * size + column, g.Stride, columns, width, count, more.Rows);
                    Attention<V, S>.Sum(slopes, layout.Keys, more.Rows, width, keySums + column, layout.Wide, count);
                }

                // dQᵀ = Kᵀ dSᵀ
                for (var f = 0; f < layout.Features; f += Strip)
                {
                    Tile.Packed<V, S>(
                        Strip, more.KeyColumns + head * layout.ValueFloats + (nint)f * length, slopes, width, room.Output + (nint)f * width, width, length, false);
                }

                Pack.Transpose(room.Output, width, size, count, gradient + first * g.GradientStride + head * size, g.GradientStride);
            }
        }

        for (var head = 0; head < heads; head++)
        {
            for (var t = 0; t < length; t++)
            {
                var key = gradient + t * g.GradientStride + g.Hidden + head * size;
                new ReadOnlySpan<float>(more.KeySums + head * layout.SumFloats + (nint)t * layout.Wide, size).CopyTo(new Span<float>(key, size));
                new ReadOnlySpan<float>(more.ValueSums + head * layout.SumFloats + (nint)t * layout.Wide, size).CopyTo(new Span<float>(key + g.Hidden, size));
            }
        }
    }

    /// <summary>Scores → P, from the saved logarithms of their denominators, and P′.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Probabilities(in ForwardRoom room, in BackwardRoom more, in Layout layout)
    {
        var width = Tile.Width<V, S>();
        for (var t = 0; t < layout.Length; t++)
        {
            var place = (nint)t * width;
            Mix(room.PreSoftmax, layout.Heads, room.Scores + place, layout.TileFloats, room.Row);
            for (var head = 0; head < layout.Heads; head++)
            {
                for (var half = 0; half < width; half += S.Count)
                {
                    var at = head * width + half;
                    S.Store(
                        more.Probabilities + head * layout.TileFloats + place + half,
                        VectorMath.Exp<V, S>(S.Subtract(S.Load(room.Row + at), S.Load(room.Columns + at))));
                }
            }

            Mix(room.PostSoftmax, layout.Heads, more.Probabilities + place, layout.TileFloats, room.Row);
            Spread(room.Row, layout, more.Mixed + place);
        }
    }

    /// <summary>Slopes (dP′) → dP, and with it P → dS′ = P∘(dP − Σ P∘dP) and the slopes → dS = Σ_b W[a,b] dS′[b].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ScoreGradients(in ForwardRoom room, in BackwardRoom more, in Layout layout)
    {
        var width = Tile.Width<V, S>();
        var delta = room.Columns;
        new Span<float>(delta, layout.Heads * width).Clear();
        for (var t = 0; t < layout.Length; t++)
        {
            var place = (nint)t * width;
            Mix(more.PostSoftmaxBack, layout.Heads, more.Slopes + place, layout.TileFloats, room.Row);
            for (var head = 0; head < layout.Heads; head++)
            {
                for (var half = 0; half < width; half += S.Count)
                {
                    var (at, inTile) = (head * width + half, head * layout.TileFloats + place + half);
                    var slope = S.Load(room.Row + at);
                    S.Store(more.Slopes + inTile, slope);
                    S.Store(delta + at, S.MultiplyAdd(S.Load(more.Probabilities + inTile), slope, S.Load(delta + at)));
                }
            }
        }

        for (var t = 0; t < layout.Length; t++)
        {
            var place = (nint)t * width;
            for (var head = 0; head < layout.Heads; head++)
            {
                for (var half = 0; half < width; half += S.Count)
                {
                    var (at, inTile) = (head * width + half, head * layout.TileFloats + place + half);
                    S.Store(
                        more.Probabilities + inTile,
                        S.Multiply(S.Load(more.Probabilities + inTile), S.Subtract(S.Load(more.Slopes + inTile), S.Load(delta + at))));
                }
            }

            Mix(more.PreSoftmaxBack, layout.Heads, more.Probabilities + place, layout.TileFloats, room.Row);
            Spread(room.Row, layout, more.Slopes + place);
        }
    }

    private static void LayOutForward(ref Layout layout, out ForwardRoom room)
    {
        var width = Tile.Width<V, S>();

        // The last strip of a mixing may be taller than the heads that are left.
        var tallHeads = layout.Heads + Tile.Height<V, S>();
        room.KeyStrips = layout.Take(layout.Heads * layout.KeyFloats);
        room.ValueStrips = layout.Take(layout.Heads * layout.ValueFloats);
        room.Scores = layout.Take(layout.BlockHeads * layout.TileFloats);
        room.Panel = layout.Take((nint)layout.HeadSize * width);
        room.Output = layout.Take((nint)layout.Features * width);
        room.Row = layout.Take((nint)tallHeads * width);
        room.Columns = layout.Take((nint)layout.Heads * width);
        room.PreSoftmax = layout.Take((nint)tallHeads * layout.Heads);
        room.PostSoftmax = layout.Take((nint)tallHeads * layout.Heads);
    }

    private static void LayOutBackward(ref Layout layout, out BackwardRoom room)
    {
        var width = Tile.Width<V, S>();
        var tallHeads = layout.Heads + Tile.Height<V, S>();
        room.KeyColumns = layout.Take(layout.Heads * layout.ValueFloats);
        room.KeySums = layout.Take(2 * layout.Heads * layout.SumFloats);
        room.ValueSums = room.KeySums + layout.Heads * layout.SumFloats;
        room.Probabilities = layout.Take(layout.BlockHeads * layout.TileFloats);
        room.Slopes = layout.Take(layout.BlockHeads * layout.TileFloats);
        room.Mixed = layout.Take(layout.BlockHeads * layout.TileFloats);
        room.Rows = layout.Take((nint)width * width);
        room.PreSoftmaxBack = layout.Take((nint)tallHeads * layout.Heads);
        room.PostSoftmaxBack = layout.Take((nint)tallHeads * layout.Heads);
    }

    /// <summary>The sizes of a sequence's operands, and the scratch memory that they are cut from.</summary>
    private struct Layout(float* memory, int length, int heads, int headSize)
    {
        public readonly int Length = length;
        public readonly int Heads = heads;
        public readonly int HeadSize = headSize;
        public readonly int Keys = Attention<V, S>.RoundUp(length, Strip);
        public readonly int Features = Attention<V, S>.RoundUp(headSize, Strip);
        public readonly int Wide = Attention<V, S>.RoundUp(headSize, Tile.Width<V, S>());

        /// <summary>Floats of a head's tile. A line more than it needs, or the scores of one key in all heads might share few lines of the cache.</summary>
        public readonly nint TileFloats = (nint)(Attention<V, S>.RoundUp(length, Strip) + 1) * Tile.Width<V, S>();

        public nint Floats { get; private set; }

        /// <summary>Floats of a head's keys or values in strips of rows.</summary>
        public readonly nint KeyFloats => (nint)Keys * HeadSize;

        /// <summary>Floats of a head's keys or values in strips of columns, or of rows.</summary>
        public readonly nint ValueFloats => Math.Max((nint)Features * Length, KeyFloats);

        /// <summary>Floats of a head's sums of gradients.</summary>
        public readonly nint SumFloats => (nint)Keys * Wide;

        /// <summary>Heads with those that <see cref="Products"/> reads beyond them.</summary>
        public readonly nint BlockHeads => Attention<V, S>.RoundUp(Heads, BlockRows);

        /// <summary>The next block, at the start of a cache line.</summary>
        public float* Take(nint floats)
        {
            var block = memory + Floats;
            Floats += (floats + 15) / 16 * 16;
            return block;
        }
    }

    private ref struct ForwardRoom
    {
        public float* KeyStrips;
        public float* ValueStrips;
        public float* Scores;
        public float* Panel;
        public float* Output;
        public float* Row;

        /// <summary>[heads, panel]: one number for each query and head.</summary>
        public float* Columns;
        public float* PreSoftmax;
        public float* PostSoftmax;
    }

    private ref struct BackwardRoom
    {
        public float* KeyColumns;
        public float* KeySums;
        public float* ValueSums;
        public float* Probabilities;
        public float* Slopes;
        public float* Mixed;
        public float* Rows;
        public float* PreSoftmaxBack;
        public float* PostSoftmaxBack;
    }
}
