using System.Collections.Immutable;

namespace Beret.Checkpoints;

/// <summary>How a tensor of another program has to be rearranged to be one of the Hugging Face layout, in which a dense layer's weight is [out, in].</summary>
internal enum TensorLayout
{
    /// <summary>The same: an embedding table, a normalisation.</summary>
    Same,

    /// <summary>The same values with one dimension: a bias, which may be stored by head [N, D].</summary>
    Vector,

    /// <summary>A kernel whose first dimension is the input and whose others together are the output: [in, out], or by head [H, N, D].</summary>
    InputFirst,

    /// <summary>A kernel whose last dimension is the output and whose others together are the input: [in, out], or by head [N, D, H].</summary>
    OutputLast,
}

/// <summary>The arithmetic of <see cref="TensorLayout"/>.</summary>
internal static class TensorLayouts
{
    /// <summary>The shape after the rearrangement; null where a tensor of this shape cannot be one of this kind.</summary>
    public static ImmutableArray<long>? Apply(this TensorLayout layout, ImmutableArray<long> stored)
    {
        if (layout == TensorLayout.Same)
        {
            return stored;
        }

        var count = stored.Aggregate(1L, (product, size) => product * size);
        return layout switch
        {
            TensorLayout.Vector when stored.Length >= 1 => [count],
            TensorLayout.InputFirst when stored.Length >= 2 => [stored.Skip(1).Aggregate(1L, (product, size) => product * size), stored[0]],
            TensorLayout.OutputLast when stored.Length >= 2 => [stored[^1], stored.Take(stored.Length - 1).Aggregate(1L, (product, size) => product * size)],
            _ => null,
        };
    }

    /// <summary>Whether the values change their order: whether the stored matrix has to be transposed.</summary>
    public static bool Transposes(this TensorLayout layout) => layout is TensorLayout.InputFirst or TensorLayout.OutputLast;
}
