namespace Beret.Numerics.Kernels;

/// <summary>
/// The arithmetic of a matrix product: how its operands are packed, in units of four bytes, and what a register tile makes of them.
/// <see cref="Gemm{V, S, P}"/> is compiled once for each.
/// </summary>
internal unsafe interface IProduct
{
    /// <summary>k in a block; a multiple of what a unit holds. A strip of A of this length and a panel of B stay in the inner caches.</summary>
    static abstract int Block { get; }

    /// <summary>Whether operands are quantized with a scale for each row of A and each column of B; then the sums are integers, and B is kept as [columns, k].</summary>
    static abstract bool IsScaled { get; }

    /// <summary>The units that k elements of a row or a column take.</summary>
    static abstract int Units(int k);

    /// <summary>Packs rows of A into a strip, <c>packed[unit · width + i]</c>.</summary>
    static abstract void PackRows(in Lines lines, float* packed);

    /// <summary>Packs columns of B into a panel, <c>packed[unit · width + i]</c>.</summary>
    static abstract void PackColumns(in Lines lines, float* packed);

    /// <summary>C (+)= a packed strip of the given height times a panel; C has room for height rows and a full panel.</summary>
    static abstract void Tile(int height, float* a, float* b, float* c, nint cStride, int units, bool accumulate);

    /// <summary>Where operands are scaled: turns integer sums into what they stand for.</summary>
    static abstract void Rescale(float* c, nint stride, int rows, int columns, float* rowScales, float* columnScales, int* columnSums);
}

/// <summary>What is packed: some rows of A, or columns of B, for a block of k.</summary>
internal unsafe struct Lines
{
    /// <summary>The first element.</summary>
    public float* Source;

    /// <summary>From a line to the next; where <see cref="Across"/>, from a k to the next.</summary>
    public nint Stride;

    /// <summary>The lines run across the rows of memory: element (i, k) is at k · Stride + i instead of i · Stride + k.</summary>
    public bool Across;

    /// <summary>Lines that are there.</summary>
    public int Count;

    /// <summary>Lines that are packed; those beyond <see cref="Count"/> are zero.</summary>
    public int Width;

    public int K;

    /// <summary>The scale of each line, where operands are scaled.</summary>
    public float* Scales;

    /// <summary>Where operands are scaled, receives the sum of each line's quantized elements: added to, where it is not null.</summary>
    public int* Sums;

    /// <summary>Working memory for <see cref="Width"/> lines of a block.</summary>
    public float* Room;
}
