using System.Collections.Immutable;

namespace Beret.Checkpoints.TensorFlow;

/// <summary>Where the bytes of one tensor are: in one piece, or in boxes that fill it without overlap (a partitioned variable).</summary>
internal sealed class StoredTensor
{
    private readonly ImmutableArray<long> shape;
    private readonly int width;
    private readonly ImmutableArray<Box> boxes;

    private StoredTensor(TensorInfo tensor, ImmutableArray<StoredPiece> pieces)
    {
        shape = tensor.Shape;
        width = tensor.Type.Bits() / 8;
        Pieces = pieces;
        boxes = [.. pieces.Select(piece => new Box(piece, shape))];
    }

    public ImmutableArray<StoredPiece> Pieces { get; }

    /// <summary>Null where the pieces overlap, leave something out or lie outside.</summary>
    public static StoredTensor? Create(TensorInfo tensor, ImmutableArray<StoredPiece> pieces)
    {
        UInt128 covered = 0;
        for (var i = 0; i < pieces.Length; i++)
        {
            var volume = (UInt128)1;
            for (var d = 0; d < tensor.Shape.Length; d++)
            {
                var (start, length) = (pieces[i].Start[d], pieces[i].Shape[d]);
                if (start < 0 || length < 0 || start > tensor.Shape[d] - length)
                {
                    return null;
                }

                volume *= (ulong)length;
            }

            covered += volume;
            for (var j = 0; j < i; j++)
            {
                if (Overlap(pieces[j], pieces[i]))
                {
                    return null;
                }
            }
        }

        return covered == (ulong)tensor.Count ? new StoredTensor(tensor, pieces) : null;
    }

    /// <summary>Some bytes from <paramref name="offset"/> on, at most <paramref name="most"/>: up to where the next piece begins.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int most)
    {
        if (Pieces.Length == 1)
        {
            return Pieces[0].Read(offset, most);
        }

        var (element, within) = Math.DivRem(offset, width);
        Span<long> at = stackalloc long[shape.Length];
        for (var d = shape.Length - 1; d >= 0; d--)
        {
            (element, at[d]) = Math.DivRem(element, shape[d]);
        }

        foreach (var box in boxes)
        {
            if (box.Contains(at))
            {
                var (start, run) = box.RunFrom(at);
                return box.Piece.Read((start * width) + within, (int)Math.Min(most, (run * width) - within));
            }
        }

        throw new InvalidOperationException("the pieces of a tensor do not fill it");
    }

    private static bool Overlap(StoredPiece a, StoredPiece b)
    {
        for (var d = 0; d < a.Shape.Length; d++)
        {
            if (a.Start[d] >= b.Start[d] + b.Shape[d] || b.Start[d] >= a.Start[d] + a.Shape[d])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A piece with what is needed to find out how far its bytes run in step with the tensor's.</summary>
    private sealed class Box
    {
        // Behind this dimension the piece is as wide as the tensor, so that rows along it follow each other in both.
        private readonly int dimension;

        public Box(StoredPiece piece, ImmutableArray<long> shape)
        {
            Piece = piece;
            dimension = shape.Length - 1;
            while (dimension > 0 && piece.Shape[dimension] == shape[dimension])
            {
                dimension--;
            }
        }

        public StoredPiece Piece { get; }

        public bool Contains(ReadOnlySpan<long> at)
        {
            for (var d = 0; d < at.Length; d++)
            {
                if (at[d] < Piece.Start[d] || at[d] >= Piece.Start[d] + Piece.Shape[d])
                {
                    return false;
                }
            }

            return true;
        }

        /// <summary>The element of the piece at a coordinate of the tensor, and how many elements from there on are neighbours in both.</summary>
        public (long Start, long Run) RunFrom(ReadOnlySpan<long> at)
        {
            long start = 0, inner = 0, innerSize = 1;
            for (var d = 0; d < at.Length; d++)
            {
                start = (start * Piece.Shape[d]) + at[d] - Piece.Start[d];
                if (d > dimension)
                {
                    inner = (inner * Piece.Shape[d]) + at[d] - Piece.Start[d];
                    innerSize *= Piece.Shape[d];
                }
            }

            var left = Piece.Start[dimension] + Piece.Shape[dimension] - at[dimension];
            return (start, (left * innerSize) - inner);
        }
    }
}
