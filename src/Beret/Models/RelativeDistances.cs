namespace Beret.Models;

/// <summary>The table row of every distance between two tokens: what <see cref="Numerics.RelativeScores.Rows"/> is cut from.</summary>
internal sealed class RelativeDistances
{
    private readonly int longest;
    private readonly int[] rows;

    /// <param name="longest">More than any distance.</param>
    /// <param name="row">The row of a distance query − key.</param>
    public RelativeDistances(int longest, Func<int, int> row)
    {
        this.longest = longest;
        rows = new int[2 * longest - 1];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = row(i - longest + 1);
        }
    }

    /// <summary>The rows of the distances −(span − 1) … span − 1.</summary>
    public ReadOnlySpan<int> Within(int span) => rows.AsSpan(longest - span, 2 * span - 1);
}
