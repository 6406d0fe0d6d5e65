using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>
/// The register tiles of every matrix product: R rows by two vectors of C, held in named locals (the JIT keeps these in registers; an array of accumulators
/// falls to less than half the speed). c[r, :] (+)= Σ_k a(r, k) · b[k, :], k ascending, one fused multiply-add each, the same for every tile height:
/// so an element's bits do not depend on the height of the tile that it falls in.
/// </summary>
internal static unsafe class Tile
{
    /// <summary>Where a tile finds a(r, k): at a[r · Row + k · K]. Constants, so that the addresses fold into the instructions.</summary>
    internal interface IStrides
    {
        static abstract int Row { get; }

        static abstract int K { get; }
    }

    internal readonly struct Packed12 : IStrides
    {
        public static int Row => 1;

        public static int K => 12;
    }

    internal readonly struct Packed8 : IStrides
    {
        public static int Row => 1;

        public static int K => 8;
    }

    internal readonly struct Packed6 : IStrides
    {
        public static int Row => 1;

        public static int K => 6;
    }

    internal readonly struct Packed4 : IStrides
    {
        public static int Row => 1;

        public static int K => 4;
    }

    internal readonly struct Packed1 : IStrides
    {
        public static int Row => 1;

        public static int K => 1;
    }

    /// <summary>Rows of a score tile: as wide as a panel, k along the row.</summary>
    internal readonly struct PanelRows<V, S> : IStrides
        where V : struct
        where S : ISimd<V>
    {
        public static int Row => 2 * S.Count;

        public static int K => 1;
    }

    /// <summary>Rows of a band, which is twice as wide as it has rows.</summary>
    internal readonly struct RowsOfBand<V, S> : IStrides
        where V : struct
        where S : ISimd<V>
    {
        public static int Row => 2 * BandRows<V, S>();

        public static int K => 1;
    }

    /// <summary>Columns of a band.</summary>
    internal readonly struct ColumnsOfBand<V, S> : IStrides
        where V : struct
        where S : ISimd<V>
    {
        public static int Row => 1;

        public static int K => 2 * BandRows<V, S>();
    }

    /// <summary>The rows of a band of distances: whole panels and whole strips.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BandRows<V, S>()
        where V : struct
        where S : ISimd<V> => Math.Max(2 * S.Count, S.HasManyRegisters ? 8 : 4);

    /// <summary>The columns of a tile and of a packed panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Width<V, S>()
        where V : struct
        where S : ISimd<V> => 2 * S.Count;

    /// <summary>The tallest tile that fits the registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Height<V, S>()
        where V : struct
        where S : ISimd<V> => S.HasManyRegisters ? 12 : 6;

    /// <summary>The height of the next strip where <paramref name="rows"/> rows are left; a strip may be taller than what is left.</summary>
    public static int StripHeight(int rows, int tallest) =>
        rows is >= 14 and <= 16 && tallest == 12 ? 8 // Two of 8 rather than 12 and the rest: a low tile waits for its loads.
        : rows >= tallest ? tallest
        : rows == 1 ? 1
        : rows <= 4 ? 4
        : tallest == 6 ? 6
        : rows <= 8 ? 8
        : 12;

    /// <summary>A packed strip of the given height times a panel; C has room for height rows and a full panel.</summary>
    public static void Packed<V, S>(int height, float* a, float* b, nint bStep, float* c, nint cStride, int k, bool accumulate)
        where V : struct
        where S : ISimd<V>
    {
        switch (height)
        {
            case 12:
                Rows12<V, S, Packed12>(a, b, bStep, c, cStride, k, accumulate);
                break;
            case 8:
                Rows8<V, S, Packed8>(a, b, bStep, c, cStride, k, accumulate);
                break;
            case 6:
                Rows6<V, S, Packed6>(a, b, bStep, c, cStride, k, accumulate);
                break;
            case 4:
                Rows4<V, S, Packed4>(a, b, bStep, c, cStride, k, accumulate);
                break;
            default:
                Rows1<V, S, Packed1>(a, b, bStep, c, cStride, k, accumulate);
                break;
        }
    }

    /// <summary>Four or eight rows of a score tile times a panel: the products of attention's backward pass that sum over queries.</summary>
    public static void ScoreRows<V, S>(int height, float* a, float* b, nint bStep, float* c, nint cStride, int k, bool accumulate)
        where V : struct
        where S : ISimd<V>
    {
        if (height == 8)
        {
            Rows8<V, S, PanelRows<V, S>>(a, b, bStep, c, cStride, k, accumulate);
        }
        else
        {
            Rows4<V, S, PanelRows<V, S>>(a, b, bStep, c, cStride, k, accumulate);
        }
    }

    /// <summary>Four or eight rows of a band times rows of b: c[r, :] += Σ band[r, k] · b[k, :].</summary>
    public static void Band<V, S>(int height, float* band, float* b, nint bStep, float* c, nint cStride, int k)
        where V : struct
        where S : ISimd<V>
    {
        if (height == 8)
        {
            Rows8<V, S, RowsOfBand<V, S>>(band, b, bStep, c, cStride, k, accumulate: true);
        }
        else
        {
            Rows4<V, S, RowsOfBand<V, S>>(band, b, bStep, c, cStride, k, accumulate: true);
        }
    }

    /// <summary>Four or eight columns of a band times rows of b: c[r, :] += Σ band[k, r] · b[k, :].</summary>
    public static void BandTransposed<V, S>(int height, float* band, float* b, nint bStep, float* c, nint cStride, int k)
        where V : struct
        where S : ISimd<V>
    {
        if (height == 8)
        {
            Rows8<V, S, ColumnsOfBand<V, S>>(band, b, bStep, c, cStride, k, accumulate: true);
        }
        else
        {
            Rows4<V, S, ColumnsOfBand<V, S>>(band, b, bStep, c, cStride, k, accumulate: true);
        }
    }

    /// <summary>12 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows12<V, S, A>(float* a, float* b, nint bStep, float* c, nint cStride, int k, bool accumulate)
        where V : struct
        where S : ISimd<V>
        where A : IStrides
    {
        var n = S.Count;
        V x0 = S.Zero, y0 = S.Zero;
        V x1 = S.Zero, y1 = S.Zero;
        V x2 = S.Zero, y2 = S.Zero;
        V x3 = S.Zero, y3 = S.Zero;
        V x4 = S.Zero, y4 = S.Zero;
        V x5 = S.Zero, y5 = S.Zero;
        V x6 = S.Zero, y6 = S.Zero;
        V x7 = S.Zero, y7 = S.Zero;
        V x8 = S.Zero, y8 = S.Zero;
        V x9 = S.Zero, y9 = S.Zero;
        V x10 = S.Zero, y10 = S.Zero;
        V x11 = S.Zero, y11 = S.Zero;
        if (accumulate)
        {
            var p = c;
            x0 = S.Load(p);
            y0 = S.Load(p + n);
            p += cStride;
            x1 = S.Load(p);
            y1 = S.Load(p + n);
            p += cStride;
            x2 = S.Load(p);
            y2 = S.Load(p + n);
            p += cStride;
            x3 = S.Load(p);
            y3 = S.Load(p + n);
            p += cStride;
            x4 = S.Load(p);
            y4 = S.Load(p + n);
            p += cStride;
            x5 = S.Load(p);
            y5 = S.Load(p + n);
            p += cStride;
            x6 = S.Load(p);
            y6 = S.Load(p + n);
            p += cStride;
            x7 = S.Load(p);
            y7 = S.Load(p + n);
            p += cStride;
            x8 = S.Load(p);
            y8 = S.Load(p + n);
            p += cStride;
            x9 = S.Load(p);
            y9 = S.Load(p + n);
            p += cStride;
            x10 = S.Load(p);
            y10 = S.Load(p + n);
            p += cStride;
            x11 = S.Load(p);
            y11 = S.Load(p + n);
        }

        for (; k > 0; k--)
        {
            var u = S.Load(b);
            var v = S.Load(b + n);
            V e;
            e = S.Broadcast(a[0 * A.Row]);
            x0 = S.MultiplyAdd(e, u, x0);
            y0 = S.MultiplyAdd(e, v, y0);
            e = S.Broadcast(a[1 * A.Row]);
            x1 = S.MultiplyAdd(e, u, x1);
            y1 = S.MultiplyAdd(e, v, y1);
            e = S.Broadcast(a[2 * A.Row]);
            x2 = S.MultiplyAdd(e, u, x2);
            y2 = S.MultiplyAdd(e, v, y2);
            e = S.Broadcast(a[3 * A.Row]);
            x3 = S.MultiplyAdd(e, u, x3);
            y3 = S.MultiplyAdd(e, v, y3);
            e = S.Broadcast(a[4 * A.Row]);
            x4 = S.MultiplyAdd(e, u, x4);
            y4 = S.MultiplyAdd(e, v, y4);
            e = S.Broadcast(a[5 * A.Row]);
            x5 = S.MultiplyAdd(e, u, x5);
            y5 = S.MultiplyAdd(e, v, y5);
            e = S.Broadcast(a[6 * A.Row]);
            x6 = S.MultiplyAdd(e, u, x6);
            y6 = S.MultiplyAdd(e, v, y6);
            e = S.Broadcast(a[7 * A.Row]);
            x7 = S.MultiplyAdd(e, u, x7);
            y7 = S.MultiplyAdd(e, v, y7);
            e = S.Broadcast(a[8 * A.Row]);
            x8 = S.MultiplyAdd(e, u, x8);
            y8 = S.MultiplyAdd(e, v, y8);
            e = S.Broadcast(a[9 * A.Row]);
            x9 = S.MultiplyAdd(e, u, x9);
            y9 = S.MultiplyAdd(e, v, y9);
            e = S.Broadcast(a[10 * A.Row]);
            x10 = S.MultiplyAdd(e, u, x10);
            y10 = S.MultiplyAdd(e, v, y10);
            e = S.Broadcast(a[11 * A.Row]);
            x11 = S.MultiplyAdd(e, u, x11);
            y11 = S.MultiplyAdd(e, v, y11);
            a += A.K;
            b += bStep;
        }

        var q = c;
        S.Store(q, x0);
        S.Store(q + n, y0);
        q += cStride;
        S.Store(q, x1);
        S.Store(q + n, y1);
        q += cStride;
        S.Store(q, x2);
        S.Store(q + n, y2);
        q += cStride;
        S.Store(q, x3);
        S.Store(q + n, y3);
        q += cStride;
        S.Store(q, x4);
        S.Store(q + n, y4);
        q += cStride;
        S.Store(q, x5);
        S.Store(q + n, y5);
        q += cStride;
        S.Store(q, x6);
        S.Store(q + n, y6);
        q += cStride;
        S.Store(q, x7);
        S.Store(q + n, y7);
        q += cStride;
        S.Store(q, x8);
        S.Store(q + n, y8);
        q += cStride;
        S.Store(q, x9);
        S.Store(q + n, y9);
        q += cStride;
        S.Store(q, x10);
        S.Store(q + n, y10);
        q += cStride;
        S.Store(q, x11);
        S.Store(q + n, y11);
    }

    /// <summary>8 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows8<V, S, A>(float* a, float* b, nint bStep, float* c, nint cStride, int k, bool accumulate)
        where V : struct
        where S : ISimd<V>
        where A : IStrides
    {
        var n = S.Count;
        V x0 = S.Zero, y0 = S.Zero;
        V x1 = S.Zero, y1 = S.Zero;
        V x2 = S.Zero, y2 = S.Zero;
        V x3 = S.Zero, y3 = S.Zero;
        V x4 = S.Zero, y4 = S.Zero;
        V x5 = S.Zero, y5 = S.Zero;
        V x6 = S.Zero, y6 = S.Zero;
        V x7 = S.Zero, y7 = S.Zero;
        if (accumulate)
        {
            var p = c;
            x0 = S.Load(p);
            y0 = S.Load(p + n);
            p += cStride;
            x1 = S.Load(p);
            y1 = S.Load(p + n);
            p += cStride;
            x2 = S.Load(p);
            y2 = S.Load(p + n);
            p += cStride;
            x3 = S.Load(p);
            y3 = S.Load(p + n);
            p += cStride;
            x4 = S.Load(p);
            y4 = S.Load(p + n);
            p += cStride;
            x5 = S.Load(p);
            y5 = S.Load(p + n);
            p += cStride;
            x6 = S.Load(p);
            y6 = S.Load(p + n);
            p += cStride;
            x7 = S.Load(p);
            y7 = S.Load(p + n);
        }

        for (; k > 0; k--)
        {
            var u = S.Load(b);
            var v = S.Load(b + n);
            V e;
            e = S.Broadcast(a[0 * A.Row]);
            x0 = S.MultiplyAdd(e, u, x0);
            y0 = S.MultiplyAdd(e, v, y0);
            e = S.Broadcast(a[1 * A.Row]);
            x1 = S.MultiplyAdd(e, u, x1);
            y1 = S.MultiplyAdd(e, v, y1);
            e = S.Broadcast(a[2 * A.Row]);
            x2 = S.MultiplyAdd(e, u, x2);
            y2 = S.MultiplyAdd(e, v, y2);
            e = S.Broadcast(a[3 * A.Row]);
            x3 = S.MultiplyAdd(e, u, x3);
            y3 = S.MultiplyAdd(e, v, y3);
            e = S.Broadcast(a[4 * A.Row]);
            x4 = S.MultiplyAdd(e, u, x4);
            y4 = S.MultiplyAdd(e, v, y4);
            e = S.Broadcast(a[5 * A.Row]);
            x5 = S.MultiplyAdd(e, u, x5);
            y5 = S.MultiplyAdd(e, v, y5);
            e = S.Broadcast(a[6 * A.Row]);
            x6 = S.MultiplyAdd(e, u, x6);
            y6 = S.MultiplyAdd(e, v, y6);
            e = S.Broadcast(a[7 * A.Row]);
            x7 = S.MultiplyAdd(e, u, x7);
            y7 = S.MultiplyAdd(e, v, y7);
            a += A.K;
            b += bStep;
        }

        var q = c;
        S.Store(q, x0);
        S.Store(q + n, y0);
        q += cStride;
        S.Store(q, x1);
        S.Store(q + n, y1);
        q += cStride;
        S.Store(q, x2);
        S.Store(q + n, y2);
        q += cStride;
        S.Store(q, x3);
        S.Store(q + n, y3);
        q += cStride;
        S.Store(q, x4);
        S.Store(q + n, y4);
        q += cStride;
        S.Store(q, x5);
        S.Store(q + n, y5);
        q += cStride;
        S.Store(q, x6);
        S.Store(q + n, y6);
        q += cStride;
        S.Store(q, x7);
        S.Store(q + n, y7);
    }

    /// <summary>6 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6<V, S, A>(float* a, float* b, nint bStep, float* c, nint cStride, int k, bool accumulate)
        where V : struct
        where S : ISimd<V>
        where A : IStrides
    {
        var n = S.Count;
        V x0 = S.Zero, y0 = S.Zero;
        V x1 = S.Zero, y1 = S.Zero;
        V x2 = S.Zero, y2 = S.Zero;
        V x3 = S.Zero, y3 = S.Zero;
        V x4 = S.Zero, y4 = S.Zero;
        V x5 = S.Zero, y5 = S.Zero;
        if (accumulate)
        {
            var p = c;
            x0 = S.Load(p);
            y0 = S.Load(p + n);
            p += cStride;
            x1 = S.Load(p);
            y1 = S.Load(p + n);
            p += cStride;
            x2 = S.Load(p);
            y2 = S.Load(p + n);
            p += cStride;
            x3 = S.Load(p);
            y3 = S.Load(p + n);
            p += cStride;
            x4 = S.Load(p);
            y4 = S.Load(p + n);
            p += cStride;
            x5 = S.Load(p);
            y5 = S.Load(p + n);
        }

        for (; k > 0; k--)
        {
            var u = S.Load(b);
            var v = S.Load(b + n);
            V e;
            e = S.Broadcast(a[0 * A.Row]);
            x0 = S.MultiplyAdd(e, u, x0);
            y0 = S.MultiplyAdd(e, v, y0);
            e = S.Broadcast(a[1 * A.Row]);
            x1 = S.MultiplyAdd(e, u, x1);
            y1 = S.MultiplyAdd(e, v, y1);
            e = S.Broadcast(a[2 * A.Row]);
            x2 = S.MultiplyAdd(e, u, x2);
            y2 = S.MultiplyAdd(e, v, y2);
            e = S.Broadcast(a[3 * A.Row]);
            x3 = S.MultiplyAdd(e, u, x3);
            y3 = S.MultiplyAdd(e, v, y3);
            e = S.Broadcast(a[4 * A.Row]);
            x4 = S.MultiplyAdd(e, u, x4);
            y4 = S.MultiplyAdd(e, v, y4);
            e = S.Broadcast(a[5 * A.Row]);
            x5 = S.MultiplyAdd(e, u, x5);
            y5 = S.MultiplyAdd(e, v, y5);
            a += A.K;
            b += bStep;
        }

        var q = c;
        S.Store(q, x0);
        S.Store(q + n, y0);
        q += cStride;
        S.Store(q, x1);
        S.Store(q + n, y1);
        q += cStride;
        S.Store(q, x2);
        S.Store(q + n, y2);
        q += cStride;
        S.Store(q, x3);
        S.Store(q + n, y3);
        q += cStride;
        S.Store(q, x4);
        S.Store(q + n, y4);
        q += cStride;
        S.Store(q, x5);
        S.Store(q + n, y5);
    }

    /// <summary>4 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4<V, S, A>(float* a, float* b, nint bStep, float* c, nint cStride, int k, bool accumulate)
        where V : struct
        where S : ISimd<V>
        where A : IStrides
    {
        var n = S.Count;
        V x0 = S.Zero, y0 = S.Zero;
        V x1 = S.Zero, y1 = S.Zero;
        V x2 = S.Zero, y2 = S.Zero;
        V x3 = S.Zero, y3 = S.Zero;
        if (accumulate)
        {
            var p = c;
            x0 = S.Load(p);
            y0 = S.Load(p + n);
            p += cStride;
            x1 = S.Load(p);
            y1 = S.Load(p + n);
            p += cStride;
            x2 = S.Load(p);
            y2 = S.Load(p + n);
            p += cStride;
            x3 = S.Load(p);
            y3 = S.Load(p + n);
        }

        for (; k > 0; k--)
        {
            var u = S.Load(b);
            var v = S.Load(b + n);
            V e;
            e = S.Broadcast(a[0 * A.Row]);
            x0 = S.MultiplyAdd(e, u, x0);
            y0 = S.MultiplyAdd(e, v, y0);
            e = S.Broadcast(a[1 * A.Row]);
            x1 = S.MultiplyAdd(e, u, x1);
            y1 = S.MultiplyAdd(e, v, y1);
            e = S.Broadcast(a[2 * A.Row]);
            x2 = S.MultiplyAdd(e, u, x2);
            y2 = S.MultiplyAdd(e, v, y2);
            e = S.Broadcast(a[3 * A.Row]);
            x3 = S.MultiplyAdd(e, u, x3);
            y3 = S.MultiplyAdd(e, v, y3);
            a += A.K;
            b += bStep;
        }

        var q = c;
        S.Store(q, x0);
        S.Store(q + n, y0);
        q += cStride;
        S.Store(q, x1);
        S.Store(q + n, y1);
        q += cStride;
        S.Store(q, x2);
        S.Store(q + n, y2);
        q += cStride;
        S.Store(q, x3);
        S.Store(q + n, y3);
    }

    /// <summary>1 rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows1<V, S, A>(float* a, float* b, nint bStep, float* c, nint cStride, int k, bool accumulate)
        where V : struct
        where S : ISimd<V>
        where A : IStrides
    {
        var n = S.Count;
        V x0 = S.Zero, y0 = S.Zero;
        if (accumulate)
        {
            var p = c;
            x0 = S.Load(p);
            y0 = S.Load(p + n);
        }

        for (; k > 0; k--)
        {
            var u = S.Load(b);
            var v = S.Load(b + n);
            V e;
            e = S.Broadcast(a[0 * A.Row]);
            x0 = S.MultiplyAdd(e, u, x0);
            y0 = S.MultiplyAdd(e, v, y0);
            a += A.K;
            b += bStep;
        }

        var q = c;
        S.Store(q, x0);
        S.Store(q + n, y0);
    }
}
