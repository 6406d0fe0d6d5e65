namespace Beret.Numerics;

/// <summary>
/// The memory of one step, one block of the backend. From the low end grow the activations, a stack: the backward pass gives back what an operation took as soon
/// as it has replayed it. From the high end come the gradients, whose lives overlap: a short list of segments, first fit. So a step allocates nothing,
/// and a dry run of the same step tells how much it needs.
/// </summary>
internal sealed class Arena : IDisposable
{
    private const long Alignment = 64;

    // A dry run hands out addresses that nothing reads; they start above zero because zero means no matrix.
    private const nint DryBase = 1 << 20;

    private readonly IBackend? backend;

    // What did not fit: blocks of their own, in the order of their offsets in the stack; a rented one belongs to its segment.
    private readonly List<(long Offset, nint Block)> overflow = [];
    private bool overflowed;
    private nint block;
    private long size;
    private long low;
    private long high;
    private Segment[] segments = new Segment[16];
    private int count;

    /// <summary>An arena on a backend; it grows where a step needs more than any before it.</summary>
    public Arena(IBackend backend, long bytes = 0)
    {
        this.backend = backend;
        Resize(bytes);
    }

    private Arena()
    {
        block = DryBase;
        size = long.MaxValue / 2;
    }

    /// <summary>An arena without memory, for a dry run.</summary>
    public static Arena Dry() => new();

    /// <summary>The most bytes that were in use at once.</summary>
    public long Peak { get; private set; }

    /// <summary>Bytes held, in use or not.</summary>
    public long Capacity => backend is null ? 0 : size;

    /// <summary>The top of the stack of activations.</summary>
    public long Mark => low;

    /// <summary>A matrix on the stack, of no particular content.</summary>
    public Matrix Take(int rows, int columns) => new(TakeBytes((long)rows * columns * sizeof(float)), rows, columns);

    /// <summary>A list of integers on the stack.</summary>
    public Indices TakeIndices(int length) => new(TakeBytes((long)length * sizeof(int)), length);

    /// <summary>Gives back all that was taken since the mark.</summary>
    public void Release(long mark)
    {
        low = mark;
        while (overflow.Count > 0 && overflow[^1].Offset >= mark)
        {
            backend!.Free(overflow[^1].Block);
            overflow.RemoveAt(overflow.Count - 1);
        }
    }

    /// <summary>Gives back all that was taken since the mark but for one matrix, whose place is now the mark; its elements may have to be copied there.</summary>
    public Matrix Keep(long mark, Matrix matrix)
    {
        var own = Detach(matrix);
        Release(mark);
        return Attach(matrix, own);
    }

    /// <summary><see cref="Keep(long, Matrix)"/> for two matrices, of which the first was taken first and has to be copied first.</summary>
    public (Matrix First, Matrix Second) Keep(long mark, Matrix first, Matrix second)
    {
        var (own, other) = (Detach(first), Detach(second));
        Release(mark);
        return (Attach(first, own), Attach(second, other));
    }

    /// <summary>A matrix whose life does not follow the stack, of no particular content; <see cref="Return"/> it.</summary>
    public Matrix Rent(int rows, int columns)
    {
        var bytes = RoundUp((long)rows * columns * sizeof(float));
        var place = 0;
        while (place < count && (segments[place].Used || segments[place].Bytes < bytes))
        {
            place++;
        }

        if (place == count)
        {
            // The last segment, if free, is stretched rather than left behind as a hole.
            if (count > 0 && !segments[count - 1].Used)
            {
                high -= segments[--count].Bytes;
            }

            Insert(count, new Segment { Offset = high, Bytes = bytes, Used = true });
            place = count - 1;
            high += bytes;
        }
        else
        {
            var rest = segments[place].Bytes - bytes;
            segments[place].Bytes = bytes;
            segments[place].Used = true;
            if (rest > 0)
            {
                Insert(place + 1, new Segment { Offset = segments[place].Offset + bytes, Bytes = rest });
            }
        }

        Peak = Math.Max(Peak, low + high);
        if (low + high > size)
        {
            overflowed = true;
            segments[place].Foreign = backend!.Allocate(bytes);
            return new Matrix(segments[place].Foreign, rows, columns);
        }

        segments[place].Foreign = 0;
        return new Matrix(Address(segments[place]), rows, columns);
    }

    /// <summary>Gives a rented matrix back.</summary>
    public void Return(Matrix matrix)
    {
        for (var i = 0; i < count; i++)
        {
            if (segments[i].Used && (segments[i].Foreign != 0 ? segments[i].Foreign : Address(segments[i])) == matrix.Handle)
            {
                segments[i].Used = false;
                if (segments[i].Foreign != 0)
                {
                    backend!.Free(segments[i].Foreign);
                    segments[i].Foreign = 0;
                }

                Merge(i);
                return;
            }
        }

        throw new InvalidOperationException("the matrix was not rented here, or was returned before");
    }

    /// <summary>Ends the step: everything is given back. If the step did not fit, the block grows to what it needed.</summary>
    public void Reset()
    {
        Release(0);
        for (var i = 0; i < count; i++)
        {
            if (segments[i].Foreign != 0)
            {
                backend!.Free(segments[i].Foreign);
            }
        }

        high = 0;
        count = 0;
        if (overflowed)
        {
            overflowed = false;
            Resize(Peak);
        }
    }

    public void Dispose()
    {
        if (backend is not null)
        {
            Reset();
            backend.Free(block);
            block = 0;
        }
    }

    private static long RoundUp(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;

    private nint Address(in Segment segment) => block + (nint)(size - segment.Offset - segment.Bytes);

    private nint TakeBytes(long bytes)
    {
        bytes = RoundUp(bytes);
        var offset = low;
        low += bytes;
        Peak = Math.Max(Peak, low + high);
        if (low + high <= size)
        {
            return block + (nint)offset;
        }

        overflowed = true;
        var extra = backend!.Allocate(bytes);
        overflow.Add((offset, extra));
        return extra;
    }

    /// <summary>Takes a matrix that did not fit out of the list, so that its block outlives a release; whether it was there.</summary>
    private bool Detach(Matrix matrix)
    {
        // No lambda: it would be an object for each call.
        for (var i = 0; i < overflow.Count; i++)
        {
            if (overflow[i].Block == matrix.Handle)
            {
                overflow.RemoveAt(i);
                return true;
            }
        }

        return false;
    }

    /// <summary>A matrix's place on the top of the stack: the block of its own that was detached, or a new one.</summary>
    private Matrix Attach(Matrix matrix, bool hasOwnBlock)
    {
        if (!hasOwnBlock)
        {
            return Take(matrix.Rows, matrix.Columns);
        }

        overflow.Add((low, matrix.Handle));
        low += RoundUp(matrix.Length * sizeof(float));
        return matrix;
    }

    private void Resize(long bytes)
    {
        if (block != 0)
        {
            backend!.Free(block);
        }

        size = RoundUp(Math.Max(bytes, Alignment));
        block = backend!.Allocate(size);
    }

    private void Insert(int place, Segment segment)
    {
        if (count == segments.Length)
        {
            Array.Resize(ref segments, 2 * count);
        }

        Array.Copy(segments, place, segments, place + 1, count - place);
        segments[place] = segment;
        count++;
    }

    /// <summary>Joins a free segment with its free neighbours, and gives the end back.</summary>
    private void Merge(int place)
    {
        if (place + 1 < count && !segments[place + 1].Used)
        {
            segments[place].Bytes += segments[place + 1].Bytes;
            Remove(place + 1);
        }

        if (place > 0 && !segments[place - 1].Used)
        {
            segments[place - 1].Bytes += segments[place].Bytes;
            Remove(place);
            place--;
        }

        if (place == count - 1)
        {
            high -= segments[place].Bytes;
            count--;
        }
    }

    private void Remove(int place)
    {
        Array.Copy(segments, place + 1, segments, place, count - place - 1);
        count--;
    }

    private struct Segment
    {
        public long Offset;
        public long Bytes;
        public bool Used;
        public nint Foreign;
    }
}
