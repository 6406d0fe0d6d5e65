using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>What mixes heads: tiles of scores with one another by a small matrix, and the gradient of that matrix.</summary>
internal static unsafe partial class TalkingHeads<V, S>
{
    // Heads of the two operands of a block of Products.
    private const int BlockRows = 4;
    private const int BlockColumns = 2;

    /// <summary>tiles[b] = Σ_a w(b, a) · tiles[a], in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void MixTiles(float* mixing, float* tiles, float* row, in Layout layout)
    {
        for (var t = 0; t < layout.Length; t++)
        {
            var place = tiles + (nint)t * Tile.Width<V, S>();
            Mix(mixing, layout.Heads, place, layout.TileFloats, row);
            Spread(row, layout, place);
        }
    }

    /// <summary>row[b, :] = Σ_a w(b, a) · tiles[a, :], the scores of one key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(float* mixing, int heads, float* tiles, nint tileFloats, float* row)
    {
        var width = Tile.Width<V, S>();
        for (var b = 0; b < heads;)
        {
            var height = Tile.StripHeight(heads - b, Tile.Height<V, S>());
            Tile.Packed<V, S>(height, mixing + (nint)b * heads, tiles, tileFloats, row + (nint)b * width, width, heads, accumulate: false);
            b += height;
        }
    }

    /// <summary>The scores of one key, head by head, into the heads' tiles.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Spread(float* row, in Layout layout, float* tiles)
    {
        var width = Tile.Width<V, S>();
        for (var head = 0; head < layout.Heads; head++)
        {
            S.Store(tiles + head * layout.TileFloats, S.Load(row + head * width));
            S.Store(tiles + head * layout.TileFloats + S.Count, S.Load(row + head * width + S.Count));
        }
    }

    /// <summary>The strips that <see cref="Mix"/> reads: w(b, a) = factor · matrix[a, b] where transposed, else factor · matrix[b, a].</summary>
    private static void PackMixing(float* matrix, int heads, float factor, bool transposed, float* strips)
    {
        for (var first = 0; first < heads;)
        {
            var height = Tile.StripHeight(heads - first, Tile.Height<V, S>());
            for (var a = 0; a < heads; a++)
            {
                for (var i = 0; i < height; i++)
                {
                    var b = first + i;
                    *strips++ = b >= heads ? 0 : factor * (transposed ? matrix[a * heads + b] : matrix[b * heads + a]);
                }
            }

            first += height;
        }
    }

    /// <summary>Each column of a tile by its factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scale(float* tile, int length, float* factors)
    {
        var width = Tile.Width<V, S>();
        var (left, right) = (S.Load(factors), S.Load(factors + S.Count));
        for (var t = 0; t < length; t++, tile += width)
        {
            S.Store(tile, S.Multiply(S.Load(tile), left));
            S.Store(tile + S.Count, S.Multiply(S.Load(tile + S.Count), right));
        }
    }

    /// <summary>Zeroes the dropped places of two tiles, as <see cref="Attention{V, S}.Drop"/> does of one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DropBoth(float* a, float* b, int length, int head, int firstRow, in Dropout dropout)
    {
        var width = Tile.Width<V, S>();
        var words = stackalloc uint[4 * PhiloxLanes.Count];
        for (var from = 0; from < width; from += PhiloxLanes.Count)
        {
            var lanes = Math.Min(PhiloxLanes.Count, width - from);
            for (var t = 0; t < length; t += 8)
            {
                Attention<V, S>.Bits(head, t, firstRow + from, dropout, words);
                for (var i = 0; i < 8 && t + i < length; i++)
                {
                    for (var lane = 0; lane < lanes; lane += S.Count)
                    {
                        var place = (nint)(t + i) * width + from + lane;
                        var bits = words + i / 2 * 16 + lane;
                        var shift = (i & 1) * 16;
                        S.Store(a + place, S.KeepAtLeast(bits, shift, dropout.Threshold, S.Load(a + place)));
                        S.Store(b + place, S.KeepAtLeast(bits, shift, dropout.Threshold, S.Load(b + place)));
                    }
                }
            }
        }
    }

    /// <summary>sums[a, b] += factor · Σ x[a] ∘ y[b] over the tiles of heads a and b.</summary>
    private static void AddProducts(float* x, float* y, in Layout layout, float factor, float* sums)
    {
        var heads = layout.Heads;
        var block = stackalloc float[BlockRows * BlockColumns];
        for (var a = 0; a < heads; a += BlockRows)
        {
            for (var b = 0; b < heads; b += BlockColumns)
            {
                Products(x + a * layout.TileFloats, y + b * layout.TileFloats, layout.TileFloats, (nint)layout.Length * Tile.Width<V, S>(), block);
                for (var i = 0; i < BlockRows && a + i < heads; i++)
                {
                    for (var j = 0; j < BlockColumns && b + j < heads; j++)
                    {
                        sums[(a + i) * heads + b + j] += factor * block[i * BlockColumns + j];
                    }
                }
            }
        }
    }

    /// <summary>The dot products of four tiles with two. Where there are fewer heads, the tiles behind the last hold anything, and so do their products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Products(float* x, float* y, nint tileFloats, nint count, float* products)
    {
        V s00 = S.Zero, s01 = S.Zero, s10 = S.Zero, s11 = S.Zero, s20 = S.Zero, s21 = S.Zero, s30 = S.Zero, s31 = S.Zero;
        var x1 = x + tileFloats;
        var x2 = x1 + tileFloats;
        var x3 = x2 + tileFloats;
        var y1 = y + tileFloats;
        for (nint i = 0; i < count; i += S.Count)
        {
            var b0 = S.Load(y + i);
            var b1 = S.Load(y1 + i);
            var a = S.Load(x + i);
            s00 = S.MultiplyAdd(a, b0, s00);
            s01 = S.MultiplyAdd(a, b1, s01);
            a = S.Load(x1 + i);
            s10 = S.MultiplyAdd(a, b0, s10);
            s11 = S.MultiplyAdd(a, b1, s11);
            a = S.Load(x2 + i);
            s20 = S.MultiplyAdd(a, b0, s20);
            s21 = S.MultiplyAdd(a, b1, s21);
            a = S.Load(x3 + i);
            s30 = S.MultiplyAdd(a, b0, s30);
            s31 = S.MultiplyAdd(a, b1, s31);
        }

        products[0] = S.Sum(s00);
        products[1] = S.Sum(s01);
        products[2] = S.Sum(s10);
        products[3] = S.Sum(s11);
        products[4] = S.Sum(s20);
        products[5] = S.Sum(s21);
        products[6] = S.Sum(s30);
        products[7] = S.Sum(s31);
    }
}
