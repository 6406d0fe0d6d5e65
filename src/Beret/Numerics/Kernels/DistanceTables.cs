namespace Beret.Numerics.Kernels;

/// <summary>
/// The tables of a relative attention, a row for each distance from −(Keys − 1) on, in the orders in which products read them. Made once for all sequences of a batch;
/// a head's part follows that of the head before. Distances that no two tokens have are rows of zeros.
/// </summary>
internal unsafe struct DistanceTables<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>[Rows, H] or null.</summary>
    public float* KeyTable;
    public nint KeyStride;

    /// <summary>[Rows, H] or null.</summary>
    public float* QueryTable;
    public nint QueryStride;

    /// <summary>[Rows, heads] or null.</summary>
    public float* BiasTable;
    public nint BiasStride;

    /// <summary>Rows of each table.</summary>
    public int Rows;

    /// <summary>2 · Span − 1 entries: the row of the distance δ at δ + Span − 1.</summary>
    public int* RowOf;
    public int Span;
    public int HeadSize;
    public float Scale;

    /// <summary>Whether the backward pass follows, which reads more orders.</summary>
    public bool Backward;

    /// <summary>Where all this lies: <see cref="Floats"/> for each head.</summary>
    public float* Memory;

    public readonly bool HasKeys => KeyTable is not null;

    public readonly bool HasQueries => QueryTable is not null;

    public readonly bool HasBias => BiasTable is not null;

    /// <summary>The span in whole blocks of keys.</summary>
    public readonly int Keys => RoundUp(Span, Tile.BandRows<V, S>());

    /// <summary>Entries of a table by distance; the entry of δ is number δ + Keys − 1.</summary>
    public readonly int Distances => 2 * Keys + 2 * Tile.BandRows<V, S>();

    /// <summary>Between the features of <see cref="QueryColumns"/>; no power of two, which would crowd the cache.</summary>
    public readonly nint ColumnsStride => Distances + 16;

    public readonly long Floats => BiasAt + Distances;

    private readonly int Wide => RoundUp(HeadSize, Tile.Width<V, S>());

    private readonly int Features => RoundUp(HeadSize, Attention<V, S>.Strip);

    private readonly long KeyColumnsAt => HasKeys ? (long)Distances * HeadSize : 0;

    private readonly long QueryColumnsAt => KeyColumnsAt + (HasKeys && Backward ? (long)Distances * Features : 0);

    private readonly long QueryRowsAt => QueryColumnsAt + (HasQueries ? ColumnsStride * HeadSize : 0);

    private readonly long BiasAt => QueryRowsAt + (HasQueries && Backward ? (long)Distances * Wide : 0);

    /// <summary>Strips of distances: a(δ, feature).</summary>
    public readonly float* KeyStrips(int head) => Memory + head * Floats;

    /// <summary>Strips of features: a(feature, δ).</summary>
    public readonly float* KeyColumns(int head) => Memory + head * Floats + KeyColumnsAt;

    /// <summary>[features, distances].</summary>
    public readonly float* QueryColumns(int head) => Memory + head * Floats + QueryColumnsAt;

    /// <summary>[distances, Wide].</summary>
    public readonly float* QueryRows(int head) => Memory + head * Floats + QueryRowsAt;

    /// <summary>[distances], divided by the scale, as the scores are.</summary>
    public readonly float* Bias(int head) => Memory + head * Floats + BiasAt;

    /// <summary>Floats of the gradients of all tables.</summary>
    public readonly long PartialFloats(int hidden, int heads) => ((HasKeys ? hidden : 0L) + (HasQueries ? hidden : 0) + (HasBias ? heads : 0)) * Rows;

    /// <summary>Floats of scratch memory that a task of <see cref="Lay"/> needs.</summary>
    public readonly long LayFloats => (long)Distances * Wide;

    /// <summary>Task = head.</summary>
    /// <param name="rows">Scratch memory.</param>
    public readonly void Lay(int head, float* rows)
    {
        if (HasKeys)
        {
            Expand(KeyTable + head * HeadSize, KeyStride, rows);
            Attention<V, S>.RowStrips(rows, Wide, Distances, HeadSize, KeyStrips(head));
            if (Backward)
            {
                Attention<V, S>.ColumnStrips(rows, Wide, HeadSize, Distances, KeyColumns(head));
            }
        }

        if (HasQueries)
        {
            rows = Backward ? QueryRows(head) : rows;
            Expand(QueryTable + head * HeadSize, QueryStride, rows);
            Pack.Transpose(rows, Wide, Distances, HeadSize, QueryColumns(head), ColumnsStride);
        }

        if (HasBias)
        {
            var bias = Bias(head);
            new Span<float>(bias, Distances).Clear();
            for (var i = 0; i < 2 * Span - 1; i++)
            {
                bias[Keys - Span + i] = BiasTable[RowOf[i] * BiasStride + head] / Scale;
            }
        }
    }

    /// <summary>partial[row] = factor · Σ sums[δ] over the distances of each row, ascending.</summary>
    public readonly void Fold(float* sums, int stride, int count, float factor, float* partial, nint partialStride)
    {
        for (var r = 0; r < Rows; r++)
        {
            new Span<float>(partial + r * partialStride, count).Clear();
        }

        for (var i = 0; i < 2 * Span - 1; i++)
        {
            Elementwise<V, S>.Add(partial + RowOf[i] * partialStride, sums + (nint)(Keys - Span + i) * stride, count);
        }

        for (var r = 0; r < Rows && factor != 1; r++)
        {
            for (var j = 0; j < count; j++)
            {
                partial[r * partialStride + j] *= factor;
            }
        }
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>rows[δ] = table[row of δ].</summary>
    private readonly void Expand(float* table, nint stride, float* rows)
    {
        new Span<float>(rows, Distances * Wide).Clear();
        for (var i = 0; i < 2 * Span - 1; i++)
        {
            new ReadOnlySpan<float>(table + RowOf[i] * stride, HeadSize).CopyTo(new Span<float>(rows + (nint)(Keys - Span + i) * Wide, HeadSize));
        }
    }
}
