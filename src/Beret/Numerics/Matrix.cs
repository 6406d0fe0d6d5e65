using System.Diagnostics;

namespace Beret.Numerics;

/// <summary>
/// A row-major view of memory that a backend owns: element (r, c) lies <c>r · Stride + c</c> elements after <see cref="Handle"/>.
/// Only the backend that made the handle may look behind it. A head is a column range, a sequence a row range.
/// </summary>
internal readonly record struct Matrix(nint Handle, int Rows, int Columns, int Stride, ElementType Type = ElementType.Float32)
{
    /// <summary>A matrix whose rows follow each other without a gap.</summary>
    public Matrix(nint handle, int rows, int columns)
        : this(handle, rows, columns, columns)
    {
    }

    /// <summary>No matrix: an optional operand that is not given.</summary>
    public static Matrix None => default;

    public bool IsNone => Handle == 0;

    /// <summary>The number of elements.</summary>
    public long Length => (long)Rows * Columns;

    public bool IsContiguous => Stride == Columns || Rows == 1;

    /// <summary>Columns [start, start + count).</summary>
    public Matrix ColumnRange(int start, int count)
    {
        Debug.Assert(start >= 0 && count >= 0 && start + count <= Columns);
        return this with { Handle = Handle + (nint)start * sizeof(float), Columns = count };
    }

    /// <summary>Rows [start, start + count).</summary>
    public Matrix RowRange(int start, int count)
    {
        Debug.Assert(start >= 0 && count >= 0 && start + count <= Rows);
        return this with { Handle = Handle + (nint)start * Stride * sizeof(float), Rows = count };
    }

    /// <summary>The same elements under another shape.</summary>
    public Matrix Reshape(int rows, int columns)
    {
        Debug.Assert(IsContiguous && (long)rows * columns == Length);
        return new Matrix(Handle, rows, columns, columns, Type);
    }

    public override string ToString() => $"[{Rows}, {Columns}]";
}

/// <summary>A list of 32-bit integers in memory that a backend owns: token ids, row numbers, sequence starts.</summary>
internal readonly record struct Indices(nint Handle, int Count);
