using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>Vectorised exp, exp2, erf and tanh, with their errors as measured over all floats of the stated range (VectorMathTests holds them to it).</summary>
internal static class VectorMath
{
    public const float Log2E = 1.44269504088896341f;

    /// <summary>
    /// eˣ for x ≤ 88, to 2 units in the last place; below −87.3 the result is 1.2e-38 rather than smaller.
    /// x = n·ln 2 + r with |r| ≤ ½ ln 2, eʳ by the polynomial of Cephes' expf.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V, S>(V x)
        where V : struct
        where S : ISimd<V>
    {
        x = S.Min(S.Broadcast(88f), S.Max(S.Broadcast(-87.3f), x));
        var n = S.Round(S.Multiply(x, S.Broadcast(Log2E)));
        var r = S.MultiplyAdd(n, S.Broadcast(-0.693359375f), x);
        r = S.MultiplyAdd(n, S.Broadcast(2.12194440e-4f), r);
        var p = S.Broadcast(1.9875691500e-4f);
        p = S.MultiplyAdd(p, r, S.Broadcast(1.3981999507e-3f));
        p = S.MultiplyAdd(p, r, S.Broadcast(8.3334519073e-3f));
        p = S.MultiplyAdd(p, r, S.Broadcast(4.1665795894e-2f));
        p = S.MultiplyAdd(p, r, S.Broadcast(1.6666665459e-1f));
        p = S.MultiplyAdd(p, r, S.Broadcast(5.0000001201e-1f));
        p = S.MultiplyAdd(p, S.Multiply(r, r), S.Add(r, S.Broadcast(1f)));
        return S.TimesPowerOf2(p, n);
    }

    /// <summary>
    /// 2ˣ for x ≤ 1, to 2 units in the last place; below −126 the result is 1.2e-38 rather than smaller. x = n + r with |r| ≤ ½, 2ʳ by the polynomial of Cephes' exp2f.
    /// Half the instructions of <see cref="Exp"/>, for those who have the factor log₂ e in a constant of their own.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2<V, S>(V x)
        where V : struct
        where S : ISimd<V>
    {
        x = S.Max(S.Broadcast(-126f), x);
        var n = S.Round(x);
        var r = S.Subtract(x, n);
        var p = S.Broadcast(1.535336188319500e-4f);
        p = S.MultiplyAdd(p, r, S.Broadcast(1.339887440266574e-3f));
        p = S.MultiplyAdd(p, r, S.Broadcast(9.618437357674640e-3f));
        p = S.MultiplyAdd(p, r, S.Broadcast(5.550332471162809e-2f));
        p = S.MultiplyAdd(p, r, S.Broadcast(2.402264791363012e-1f));
        p = S.MultiplyAdd(p, r, S.Broadcast(6.931472028550421e-1f));
        p = S.MultiplyAdd(p, r, S.Broadcast(1f));
        return S.TimesPowerOf2(p, n);
    }

    /// <summary>erf(x), within 4e-7. A rational function of x² (as in Eigen) on [−4, 4], beyond which the float result is ±1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf<V, S>(V x)
        where V : struct
        where S : ISimd<V>
    {
        x = S.Min(S.Broadcast(4f), S.Max(S.Broadcast(-4f), x));
        var x2 = S.Multiply(x, x);
        var p = S.Broadcast(-2.72614225801306e-10f);
        p = S.MultiplyAdd(p, x2, S.Broadcast(2.77068142495902e-08f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(-2.10102402082508e-06f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(-5.69250639462346e-05f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(-7.34990630326855e-04f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(-2.95459980854025e-03f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(-1.60960333262415e-02f));
        var q = S.Broadcast(-1.45660718464996e-05f);
        q = S.MultiplyAdd(q, x2, S.Broadcast(-2.13374055278905e-04f));
        q = S.MultiplyAdd(q, x2, S.Broadcast(-1.68282697438203e-03f));
        q = S.MultiplyAdd(q, x2, S.Broadcast(-7.37332916720468e-03f));
        q = S.MultiplyAdd(q, x2, S.Broadcast(-1.42647390514189e-02f));
        return S.Divide(S.Multiply(x, p), q);
    }

    /// <summary>tanh(x), within 3e-7. A rational function of x² (as in Eigen) on [−7.9, 7.9], beyond which the float result is ±1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<V, S>(V x)
        where V : struct
        where S : ISimd<V>
    {
        x = S.Min(S.Broadcast(7.90531110763549805f), S.Max(S.Broadcast(-7.90531110763549805f), x));
        var x2 = S.Multiply(x, x);
        var p = S.Broadcast(-2.76076847742355e-16f);
        p = S.MultiplyAdd(p, x2, S.Broadcast(2.00018790482477e-13f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(-8.60467152213735e-11f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(5.12229709037114e-08f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(1.48572235717979e-05f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(6.37261928875436e-04f));
        p = S.MultiplyAdd(p, x2, S.Broadcast(4.89352455891786e-03f));
        var q = S.Broadcast(1.19825839466702e-06f);
        q = S.MultiplyAdd(q, x2, S.Broadcast(1.18534705686654e-04f));
        q = S.MultiplyAdd(q, x2, S.Broadcast(2.26843463243900e-03f));
        q = S.MultiplyAdd(q, x2, S.Broadcast(4.89352518554385e-03f));
        return S.Divide(S.Multiply(x, p), q);
    }
}
