using Beret.Numerics;

namespace Beret.Optimization;

/// <summary>
/// The rows of the word embeddings' gradient from the micro-batches of one step, one after the other: the arena gives up its own with the next forward pass.
/// Made to be filled again and again: once it has grown to the largest step it allocates nothing more.
/// </summary>
internal sealed class OccurrenceRows(IBackend backend, int columns) : IDisposable
{
    private int[] ids = [];
    private Matrix rows;
    private int capacity;

    public int Count { get; private set; }

    /// <summary>The token of each row.</summary>
    public ReadOnlySpan<int> Ids => ids.AsSpan(0, Count);

    /// <summary>[Count, columns].</summary>
    public Matrix Rows => rows.RowRange(0, Count);

    public void Clear() => Count = 0;

    /// <summary>Copies the rows of one micro-batch behind the others.</summary>
    public void Add(ReadOnlySpan<int> tokens, Matrix gradient)
    {
        Reserve(Count + tokens.Length);
        tokens.CopyTo(ids.AsSpan(Count));
        backend.Copy(gradient, rows.RowRange(Count, tokens.Length));
        Count += tokens.Length;
    }

    /// <summary>Takes memory for so many rows.</summary>
    public void Reserve(int count)
    {
        if (count <= capacity)
        {
            return;
        }

        var larger = Math.Max(count, 2 * capacity);
        var moved = new Matrix(backend.Allocate((long)larger * columns * sizeof(float)), larger, columns);
        if (Count > 0)
        {
            backend.Copy(rows.RowRange(0, Count), moved.RowRange(0, Count));
        }

        Dispose();
        (rows, capacity) = (moved, larger);
        Array.Resize(ref ids, larger);
    }

    public void Dispose()
    {
        if (capacity > 0)
        {
            backend.Free(rows.Handle);
            capacity = 0;
        }
    }
}
