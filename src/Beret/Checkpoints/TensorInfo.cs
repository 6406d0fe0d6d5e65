using System.Collections.Immutable;

namespace Beret.Checkpoints;

/// <summary>What a checkpoint says about one of its tensors.</summary>
/// <param name="Name">The name as stored; nothing is renamed.</param>
/// <param name="Type">The stored element type.</param>
/// <param name="Shape">The dimensions, outermost first; empty for a single value. Each is at least 0, and their product fits.</param>
public sealed record TensorInfo(string Name, TensorType Type, ImmutableArray<long> Shape)
{
    // PyTorch and NumPy hold no more dimensions than this; a longer shape is an attempt to make the reader work.
    internal const int MostDimensions = 64;

    /// <summary>The number of elements, the product of the dimensions.</summary>
    public long Count { get; } = CountOf(Name, Shape.AsSpan());

    /// <summary>The size of the data in bytes.</summary>
    public long ByteCount { get; } = BytesOf(Name, Type, Shape.AsSpan());

    /// <summary>Name, type and shape, as a table or a message shows them.</summary>
    public override string ToString() => $"{CheckpointException.Quote(Name)} {Type.SafetensorsName()} {ShapeText}";

    internal string ShapeText => $"[{string.Join(", ", Shape)}]";

    // Zero dimensions count as one in the overflow check, so that no product of a part of the shape can overflow later either.
    private static long CountOf(string name, ReadOnlySpan<long> shape)
    {
        if (shape.Length > MostDimensions)
        {
            throw new CheckpointException($"tensor {CheckpointException.Quote(name)} has {shape.Length} dimensions; at most {MostDimensions} are read");
        }

        UInt128 product = 1;
        var empty = false;
        foreach (var dimension in shape)
        {
            if (dimension < 0)
            {
                throw new CheckpointException($"tensor {CheckpointException.Quote(name)} has the negative dimension {dimension}");
            }

            empty |= dimension == 0;
            product *= (ulong)Math.Max(dimension, 1);
            if (product > long.MaxValue)
            {
                throw new CheckpointException($"tensor {CheckpointException.Quote(name)}: the number of its elements does not fit in 63 bits");
            }
        }

        return empty ? 0 : (long)product;
    }

    private static long BytesOf(string name, TensorType type, ReadOnlySpan<long> shape)
    {
        var bits = (UInt128)(ulong)CountOf(name, shape) * (uint)type.Bits();
        if (bits % 8 != 0)
        {
            throw new CheckpointException($"tensor {CheckpointException.Quote(name)}: its {type.SafetensorsName()} elements do not fill whole bytes");
        }

        return bits / 8 <= long.MaxValue
            ? (long)(bits / 8)
            : throw new CheckpointException($"tensor {CheckpointException.Quote(name)}: its size in bytes does not fit in 63 bits");
    }
}
