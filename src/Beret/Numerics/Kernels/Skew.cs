using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>
/// Shifts the lanes of a tile [rows, width] against each other, lane l of each of the two vectors of a row by l rows: in steps of 1, 2, 4, … rows, each for the lanes
/// that have that bit in their number. In place.
/// </summary>
internal static unsafe class Skew<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>Row i, lane l receives what stood in row i + l, for i + l &lt; rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToRows(float* tile, int rows)
    {
        var width = 2 * S.Count;
        for (var step = 1; step < S.Count; step *= 2)
        {
            var moves = Lanes(step);
            var end = tile + (nint)(rows - step) * width;
            for (var p = tile; p < end; p += S.Count)
            {
                S.Store(p, S.SelectLess(S.Zero, moves, S.Load(p + step * width), S.Load(p)));
            }
        }
    }

    /// <summary>Row i + l, lane l receives what stood in row i; in what has come from nowhere there are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToLanes(float* tile, int rows)
    {
        var width = 2 * S.Count;
        for (var step = 1; step < S.Count; step *= 2)
        {
            var moves = Lanes(step);
            var p = tile + (nint)rows * width - S.Count;
            for (; p >= tile + step * width; p -= S.Count)
            {
                S.Store(p, S.SelectLess(S.Zero, moves, S.Load(p - step * width), S.Load(p)));
            }

            for (; p >= tile; p -= S.Count)
            {
                S.Store(p, S.SelectLess(S.Zero, moves, S.Zero, S.Load(p)));
            }
        }
    }

    /// <summary>1 in the lanes whose number has a bit.</summary>
    private static V Lanes(int bit)
    {
        var lanes = stackalloc float[S.Count];
        for (var l = 0; l < S.Count; l++)
        {
            lanes[l] = (l & bit) != 0 ? 1 : 0;
        }

        return S.Load(lanes);
    }
}
