using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>Rotary position embeddings of one token.</summary>
internal static unsafe class Rotary<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>Turns the pairs (i, i + half) of each head, which follow each other in the row, by the token's angles: half cosines, then half sines.</summary>
    /// <param name="direction">1, or −1 to turn back.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Turn(float* row, int heads, int half, float* angles, float direction)
    {
        var sign = S.Broadcast(direction);
        var whole = half / S.Count * S.Count;
        var rest = half - whole;
        for (var head = 0; head < heads; head++, row += 2 * half)
        {
            for (var i = 0; i < whole; i += S.Count)
            {
                var x = S.Load(row + i);
                var y = S.Load(row + half + i);
                Turn(ref x, ref y, S.Load(angles + i), S.Multiply(sign, S.Load(angles + half + i)));
                S.Store(row + i, x);
                S.Store(row + half + i, y);
            }

            if (rest > 0)
            {
                var x = S.LoadPart(row + whole, rest);
                var y = S.LoadPart(row + half + whole, rest);
                Turn(ref x, ref y, S.LoadPart(angles + whole, rest), S.Multiply(sign, S.LoadPart(angles + half + whole, rest)));
                S.StorePart(row + whole, x, rest);
                S.StorePart(row + half + whole, y, rest);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(ref V x, ref V y, V cos, V sin)
    {
        var turned = S.Subtract(S.Multiply(x, cos), S.Multiply(y, sin));
        y = S.MultiplyAdd(y, cos, S.Multiply(x, sin));
        x = turned;
    }
}
