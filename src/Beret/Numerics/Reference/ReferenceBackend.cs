using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Beret.Numerics.Reference;

/// <summary>
/// The naive backend: every operation as the plain loops of its formula, against which the fast kernels are tested. One file per kernel family.
/// Sums run in double precision and are rounded to fp32 once, where the result is written; so the reference is the truth to half a unit in the last place.
/// It checks every shape, and unlike a fast backend it may allocate.
/// </summary>
internal sealed unsafe partial class ReferenceBackend : IBackend
{
    private const int Alignment = 64;

    private readonly HashSet<nint> live = [];

    public nint Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        var size = (nuint)Math.Max(bytes, 1);
        var memory = NativeMemory.AlignedAlloc(size, Alignment);
        NativeMemory.Clear(memory, size);
        lock (live)
        {
            live.Add((nint)memory);
        }

        return (nint)memory;
    }

    public void Free(nint handle)
    {
        lock (live)
        {
            if (!live.Remove(handle))
            {
                throw new ArgumentException("the memory is not this backend's, or was freed before", nameof(handle));
            }
        }

        NativeMemory.AlignedFree((void*)handle);
    }

    /// <summary>Keeps it: here products take the plain weights.</summary>
    public void Discard(Matrix matrix)
    {
    }

    public void Dispose()
    {
        lock (live)
        {
            foreach (var handle in live)
            {
                NativeMemory.AlignedFree((void*)handle);
            }

            live.Clear();
        }
    }

    /// <summary>The elements of one row. This and <see cref="Values"/> are the only places where a handle becomes memory.</summary>
    private static Span<float> Row(Matrix matrix, int row)
    {
        if ((uint)row >= (uint)matrix.Rows || matrix.Type != ElementType.Float32)
        {
            throw new ArgumentOutOfRangeException(nameof(row), $"row {row} of a {matrix.Type} matrix {matrix}");
        }

        return new Span<float>((float*)matrix.Handle + (nint)row * matrix.Stride, matrix.Columns);
    }

    private static Span<int> Values(Indices indices) => new((int*)indices.Handle, indices.Count);

    private static void Expect(Matrix matrix, int rows, int columns, [CallerArgumentExpression(nameof(matrix))] string name = "")
    {
        if (matrix.IsNone || matrix.Rows != rows || matrix.Columns != columns || matrix.Stride < columns)
        {
            throw new ArgumentException($"{name} is {matrix}, where [{rows}, {columns}] is needed", name);
        }
    }

    private static void Expect(Indices indices, int count, [CallerArgumentExpression(nameof(indices))] string name = "")
    {
        if (indices.Count != count)
        {
            throw new ArgumentException($"{name} has {indices.Count} entries, where {count} are needed", name);
        }
    }
}
