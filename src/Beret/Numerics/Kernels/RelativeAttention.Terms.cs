using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <content>
/// The terms by distance of a panel's scores and their gradients. The entry of distance δ is number δ + Shift + Keys − 1 of a table; with query = first + j and
/// key = k that is j places after first − k + Shift + Keys − 1.
/// </content>
internal static unsafe partial class RelativeAttention<V, S>
{
    /// <summary>scores[k, j] += q(j) · p[first + j − k]: the product of all distances with the panel, skewed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ContentToPosition(ref Arguments g, ref Frame frame, int first)
    {
        var width = Tile.Width<V, S>();
        var (from, skip, rows) = frame.Distances(first);
        Attention<V, S>.Multiply(g.Tables.KeyStrips(frame.Head) + (nint)from * frame.Size, rows, frame.Size, frame.QueryPanel, frame.Upright);
        Skew<V, S>.ToRows(frame.Upright, rows);
        var row = frame.Upright + (nint)(skip + frame.Keys - 1) * width;
        for (var k = 0; k < frame.Length; k++, row -= width)
        {
            Add(frame.Scores + (nint)k * width, row, S.Count);
            Add(frame.Scores + (nint)k * width + S.Count, row + (nint)S.Count * width + S.Count, S.Count);
        }
    }

    /// <summary>With the slopes put upright again: dp[δ] += Σⱼ slope · q(j), dq(j) += Σ_δ slope · p[δ].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ContentToPositionGradient(ref Arguments g, ref Frame frame, int first)
    {
        var width = Tile.Width<V, S>();
        var strip = Attention<V, S>.Strip;
        var (from, skip, rows) = frame.Distances(first);
        new Span<float>(frame.Upright, rows * width).Clear();
        var row = frame.Upright + (nint)(skip + frame.Keys - 1) * width;
        for (var k = 0; k < frame.Length; k++, row -= width)
        {
            S.Store(row, S.Load(frame.Slopes + (nint)k * width));
            S.Store(row + (nint)S.Count * width + S.Count, S.Load(frame.Slopes + (nint)k * width + S.Count));
        }

        Skew<V, S>.ToLanes(frame.Upright, rows);
        for (var column = 0; column < frame.Size; column += width)
        {
            Attention<V, S>.Sum(
                frame.Upright, rows, frame.Query + first * frame.Wide + column, frame.Wide,
                frame.PositionKeySum + (nint)from * frame.Wide + column, frame.Wide, width);
        }

        var columns = g.Tables.KeyColumns(frame.Head) + (nint)from * strip;
        for (var f = 0; f < frame.Size; f += strip)
        {
            Tile.Packed<V, S>(
                strip, columns + (nint)f * g.Tables.Distances, frame.Upright, width, frame.QueryGradient + (nint)f * width, width, rows, accumulate: true);
        }
    }

    /// <summary>scores[k, j] += k(k) · p′[first + j − k], by blocks of keys: the product of a block with the band of its distances.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PositionToContent(ref Arguments g, ref Frame frame, int first)
    {
        var width = Tile.Width<V, S>();
        var strip = Attention<V, S>.Strip;
        var block = Tile.BandRows<V, S>();
        var band = 2 * block;
        for (var key = 0; key < frame.Length; key += block)
        {
            var distances = g.Tables.QueryColumns(frame.Head) + frame.BandOf(first, key);
            for (var r = 0; r < block; r += strip)
            {
                for (var column = 0; column < band; column += width)
                {
                    Tile.Packed<V, S>(
                        strip, frame.KeyStrips + (nint)(key + r) * frame.Size, distances + column, g.Tables.ColumnsStride,
                        frame.Band + r * band + column, band, frame.Size, accumulate: false);
                }
            }

            var count = Math.Min(block, frame.Length - key);
            for (var r = 0; r < count; r++)
            {
                Add(frame.Scores + (nint)(key + r) * width, frame.Band + r * band + block - 1 - r, width);
            }
        }
    }

    /// <summary>With the slopes laid into the band: dk(k) += Σ_δ slope · p′[δ], dp′[δ] += Σₖ slope · k(k).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PositionToContentGradient(ref Arguments g, ref Frame frame, int first)
    {
        var width = Tile.Width<V, S>();
        var strip = Attention<V, S>.Strip;
        var block = Tile.BandRows<V, S>();
        var band = 2 * block;
        new Span<float>(frame.Band, block * band).Clear();
        for (var key = 0; key < frame.Length; key += block)
        {
            // Each block's slopes lie at the same places of the band, so that what is around them stays zero.
            for (var r = 0; r < block; r++)
            {
                for (var j = 0; j < width; j += S.Count)
                {
                    S.Store(frame.Band + r * band + block - 1 - r + j, S.Load(frame.Slopes + (nint)(key + r) * width + j));
                }
            }

            var from = frame.BandOf(first, key);
            for (var column = 0; column < frame.Size; column += width)
            {
                var rows = g.Tables.QueryRows(frame.Head) + (nint)from * frame.Wide + column;
                for (var r = 0; r < block; r += strip)
                {
                    Tile.Band<V, S>(
                        strip, frame.Band + r * band, rows, frame.Wide, frame.KeySum + (nint)(key + r) * frame.Wide + column, frame.Wide, band);
                }

                var sums = frame.PositionQuerySum + (nint)from * frame.Wide + column;
                for (var d = 0; d < band; d += strip)
                {
                    Tile.BandTransposed<V, S>(
                        strip, frame.Band + d, frame.Key + (nint)key * frame.Wide + column, frame.Wide, sums + (nint)d * frame.Wide, frame.Wide, block);
                }
            }
        }
    }

    /// <summary>db[δ] += the slopes of its queries and keys.</summary>
    private static void BiasGradient(ref Arguments g, ref Frame frame, int first)
    {
        var width = Tile.Width<V, S>();
        var sums = frame.BiasSum + frame.Shift + frame.Keys - 1 + first;
        for (var k = 0; k < frame.Length; k++)
        {
            Add(sums - k, frame.Slopes + (nint)k * width, width);
        }
    }
}
