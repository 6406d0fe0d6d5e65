namespace Beret.Baselines;

/// <summary>Sparse vectors, one after the other: row r has the places Starts[r] … Starts[r+1]−1 of Columns and Values.</summary>
/// <param name="Starts">R + 1 places.</param>
/// <param name="Columns">The columns, in each row rising.</param>
/// <param name="Values">The values there.</param>
internal sealed record SparseRows(int[] Starts, int[] Columns, float[] Values)
{
    /// <summary>The number of rows, R.</summary>
    public int Count => Starts.Length - 1;

    /// <summary>sum += scale · row.</summary>
    public void AddTo(int row, double scale, Span<double> sum)
    {
        for (var i = Starts[row]; i < Starts[row + 1]; i++)
        {
            sum[Columns[i]] += scale * Values[i];
        }
    }

    /// <summary>row · weights.</summary>
    public double Dot(int row, ReadOnlySpan<double> weights)
    {
        var sum = 0.0;
        for (var i = Starts[row]; i < Starts[row + 1]; i++)
        {
            sum += weights[Columns[i]] * Values[i];
        }

        return sum;
    }
}
