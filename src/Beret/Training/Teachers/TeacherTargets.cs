namespace Beret.Training.Teachers;

/// <summary>The states that some tokens of a batch are to have. Made to be filled again and again.</summary>
internal sealed class TeacherTargets
{
    private int[] rows = [];
    private float[] values = [];

    /// <param name="width">The size of a state.</param>
    public TeacherTargets(int width) => Width = width;

    public int Width { get; }

    public int Count { get; private set; }

    /// <summary>The rows of these tokens in the packed batch, ascending.</summary>
    public ReadOnlySpan<int> Rows => rows.AsSpan(0, Count);

    /// <summary>[<see cref="Count"/>, <see cref="Width"/>].</summary>
    public ReadOnlySpan<float> Values => values.AsSpan(0, Count * Width);

    public void Clear() => Count = 0;

    /// <summary>Adds a token; its state is to be written to what this gives.</summary>
    public Span<float> Add(int row)
    {
        if (Count == rows.Length)
        {
            Array.Resize(ref rows, Math.Max(64, 2 * Count));
            Array.Resize(ref values, rows.Length * Width);
        }

        rows[Count] = row;
        return values.AsSpan(Count++ * Width, Width);
    }
}
