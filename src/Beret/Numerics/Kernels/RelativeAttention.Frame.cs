namespace Beret.Numerics.Kernels;

/// <content>One head of one sequence, its rows by position, in a thread's scratch memory.</content>
internal static unsafe partial class RelativeAttention<V, S>
{
    private struct Frame
    {
        public int Head;

        /// <summary>The sequence's first row in the batch and the number of its rows.</summary>
        public int Start;
        public int Count;

        /// <summary>The number of positions from the first to the last, and the same in whole blocks.</summary>
        public int Length;
        public int Keys;

        /// <summary>Features of a head.</summary>
        public int Size;

        /// <summary>How many distances the tables have before the sequence's own.</summary>
        public int Shift;

        /// <summary>[Keys]: the batch's row of a position, or −1.</summary>
        public int* RowOf;

        // [Keys, Wide], a row for each position.
        public float* Query;
        public float* Key;
        public float* Value;
        public float* ContextGradient;
        public float* Context;
        public float* KeySum;
        public float* ValueSum;

        public float* KeyStrips;
        public float* ValueStrips;
        public float* KeyColumns;

        // [Keys, width]
        public float* Scores;
        public float* Slopes;

        // [features, width]
        public float* QueryPanel;
        public float* OutputPanel;
        public float* ContextPanel;
        public float* QueryGradient;
        public float* Output;

        // [width]
        public float* Divisors;
        public float* LogSumExp;

        // [width, Wide]
        public float* PanelRows;

        // [distances of a panel, width], and [BandRows, 2 · BandRows]
        public float* Upright;
        public float* Band;

        // [Distances, Wide], [Distances, Wide] and [Distances]
        public float* PositionKeySum;
        public float* PositionQuerySum;
        public float* BiasSum;

        public readonly int Wide => RoundUp(Size, Tile.Width<V, S>());

        public readonly bool HasGaps => Count != Length;

        public static Frame Of(ref Arguments g, int sequence, int head)
        {
            var start = g.Plain.Starts[sequence];
            var count = g.Plain.Starts[sequence + 1] - start;
            var length = g.Positions[start + count - 1] - g.Positions[start] + 1;
            var keys = RoundUp(length, Tile.BandRows<V, S>());
            return new Frame { Head = head, Start = start, Count = count, Length = length, Keys = keys, Size = g.Plain.HeadSize, Shift = g.Tables.Keys - keys };
        }

        /// <summary>Gives each array its place; returns the floats taken.</summary>
        public long Carve(float* memory, in DistanceTables<V, S> tables, bool backward)
        {
            var at = memory;
            float* Take(long floats)
            {
                var place = at;
                at += (floats + 15) / 16 * 16;
                return place;
            }

            var width = Tile.Width<V, S>();
            long rows = (long)Keys * Wide;
            long panel = (long)RoundUp(Size, Attention<V, S>.Strip) * width;

            // What every sequence of a task shares comes first.
            PositionKeySum = Take(backward && tables.HasKeys ? (long)tables.Distances * Wide : 0);
            PositionQuerySum = Take(backward && tables.HasQueries ? (long)tables.Distances * Wide : 0);
            BiasSum = Take(backward && tables.HasBias ? tables.Distances : 0);
            RowOf = (int*)Take(Keys);
            Query = Take(rows);
            Key = Take(rows);
            Value = Take(rows);
            KeyStrips = Take((long)Keys * Size);
            ValueStrips = Take(Math.Max((long)Keys * Size, (long)RoundUp(Size, Attention<V, S>.Strip) * Keys));
            Scores = Take((long)Keys * width);
            QueryPanel = Take(panel);
            Output = Take(panel);
            Divisors = Take(width);
            LogSumExp = Take(width);
            PanelRows = Take((long)width * Wide);
            Upright = Take(tables.HasKeys ? (long)(Keys + width + 2 * Attention<V, S>.Strip) * width : 0);
            Band = Take(tables.HasQueries ? 2L * Tile.BandRows<V, S>() * Tile.BandRows<V, S>() : 0);
            if (backward)
            {
                ContextGradient = Take(rows);
                Context = Take(rows);
                KeySum = Take(2 * rows);
                ValueSum = KeySum + rows;
                KeyColumns = Take((long)RoundUp(Size, Attention<V, S>.Strip) * Keys);
                Slopes = Take((long)Keys * width);
                OutputPanel = Take(panel);
                ContextPanel = Take(panel);
                QueryGradient = Take(panel);
            }

            return at - memory;
        }

        /// <summary>Zeroes what all sequences of a task add to.</summary>
        public readonly void ClearDistanceSums() => new Span<float>(PositionKeySum, (int)((float*)RowOf - PositionKeySum)).Clear();

        /// <summary>Brings queries, keys and values into their places by position.</summary>
        public readonly void Load(ref Arguments g)
        {
            new Span<int>(RowOf, Keys).Fill(-1);
            for (var row = Start; row < Start + Count; row++)
            {
                RowOf[g.Positions[row] - g.Positions[Start]] = row;
            }

            ref var plain = ref g.Plain;
            LoadRows(plain.QueryKeyValue + Head * Size, plain.Stride, Query);
            LoadRows(plain.QueryKeyValue + plain.Hidden + Head * Size, plain.Stride, Key);
            LoadRows(plain.QueryKeyValue + 2 * plain.Hidden + Head * Size, plain.Stride, Value);
            Attention<V, S>.RowStrips(Key, Wide, Keys, Size, KeyStrips);
        }

        /// <summary>rows[position] = source[row], zero where there is none and beyond the features.</summary>
        public readonly void LoadRows(float* source, nint stride, float* rows)
        {
            for (var k = 0; k < Keys; k++)
            {
                var to = new Span<float>(rows + (nint)k * Wide, Wide);
                to.Clear();
                if (RowOf[k] >= 0)
                {
                    new ReadOnlySpan<float>(source + RowOf[k] * stride, Size).CopyTo(to);
                }
            }
        }

        /// <summary>target[row] = rows[position].</summary>
        public readonly void StoreRows(float* rows, float* target, nint stride)
        {
            for (var k = 0; k < Length; k++)
            {
                if (RowOf[k] >= 0)
                {
                    new ReadOnlySpan<float>(rows + (nint)k * Wide, Size).CopyTo(new Span<float>(target + RowOf[k] * stride, Size));
                }
            }
        }

        /// <summary>The same for a panel of positions [features, width].</summary>
        public readonly void StorePanel(float* panel, int first, float* target, nint stride)
        {
            var width = Tile.Width<V, S>();
            Pack.Transpose(panel, width, Size, width, PanelRows, Wide);
            for (var lane = 0; lane < width; lane++)
            {
                if (RowOf[first + lane] is >= 0 and var row)
                {
                    new ReadOnlySpan<float>(PanelRows + lane * Wide, Size).CopyTo(new Span<float>(target + row * stride, Size));
                }
            }
        }

        /// <summary>
        /// The entries of a panel's distances, in whole strips: the first of them, how many of these come before the distance of query 0 and the last key, and their number.
        /// </summary>
        public readonly (int From, int Skip, int Rows) Distances(int first)
        {
            var strip = Attention<V, S>.Strip;
            var skip = (Shift + first) % strip;
            return (Shift + first - skip, skip, RoundUp(skip + Keys + Tile.Width<V, S>(), strip));
        }

        /// <summary>The entry of the smallest distance between a panel and a block of keys.</summary>
        public readonly int BandOf(int first, int key) => Shift + Keys + first - key - Tile.BandRows<V, S>();
    }
}
