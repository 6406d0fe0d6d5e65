namespace Beret.Numerics;

/// <summary>A sliding window of attention: a query sees the keys of its sequence that lie at most <see cref="Reach"/> positions away, on either side.</summary>
/// <param name="Positions">Of each token of the batch, ascending within a sequence.</param>
/// <param name="Reach">The largest distance that is seen.</param>
internal readonly record struct Window(Indices Positions, int Reach)
{
    /// <summary>Every query sees its whole sequence.</summary>
    public static Window None => default;

    public bool IsNone => Positions.Handle == 0;
}
