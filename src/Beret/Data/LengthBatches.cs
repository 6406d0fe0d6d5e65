namespace Beret.Data;

/// <summary>
/// Batches for inference: texts of like length together, longest first (so that the largest batch, and with it the memory needed, comes at once),
/// under a limit on the number of texts and on the number of tokens. Results come back in the order of the texts through <see cref="Restore"/>.
/// </summary>
public sealed class LengthBatches
{
    private readonly int[] order;
    private readonly int[] starts;

    private LengthBatches(int[] order, int[] starts)
    {
        this.order = order;
        this.starts = starts;
    }

    /// <summary>The number of batches.</summary>
    public int Count => starts.Length - 1;

    /// <summary>The indices of all texts in the order in which the batches hold them.</summary>
    public ReadOnlySpan<int> Order => order;

    /// <summary>The texts of batch <paramref name="index"/>, as indices into the lengths that were given.</summary>
    public ReadOnlySpan<int> this[int index] => order.AsSpan(starts[index]..starts[index + 1]);

    /// <summary>Plans the batches. The same lengths always give the same batches.</summary>
    /// <param name="lengths">The number of tokens of each text.</param>
    /// <param name="maxTexts">The most texts of a batch.</param>
    /// <param name="maxTokens">The most tokens of a batch; a text that is longer stands alone.</param>
    public static LengthBatches Plan(ReadOnlySpan<int> lengths, int maxTexts, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTexts);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTokens);
        var keys = new long[lengths.Length];
        var order = new int[lengths.Length];
        for (var i = 0; i < lengths.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(lengths[i], nameof(lengths));

            // Longest first; texts of the same length in the order they came.
            keys[i] = ((long)(int.MaxValue - lengths[i]) << 32) | (uint)i;
            order[i] = i;
        }

        Array.Sort(keys, order);
        var starts = new List<int> { 0 };
        long tokens = 0;
        for (var i = 0; i < order.Length; i++)
        {
            var length = lengths[order[i]];
            var texts = i - starts[^1];
            if (texts > 0 && (texts == maxTexts || tokens + length > maxTokens))
            {
                starts.Add(i);
                tokens = 0;
            }

            tokens += length;
        }

        if (order.Length > 0)
        {
            starts.Add(order.Length);
        }

        return new LengthBatches(order, [.. starts]);
    }

    /// <summary>Puts results that came in the order of the batches back into the order of the texts.</summary>
    /// <param name="inBatchOrder">One result for each text, in the order of <see cref="Order"/>.</param>
    /// <param name="inTextOrder">Receives them; may not overlap the other.</param>
    public void Restore<T>(ReadOnlySpan<T> inBatchOrder, Span<T> inTextOrder)
    {
        if (inBatchOrder.Length != order.Length || inTextOrder.Length != order.Length)
        {
            throw new ArgumentException($"There are {order.Length} texts, but {inBatchOrder.Length} results and {inTextOrder.Length} places.");
        }

        for (var i = 0; i < order.Length; i++)
        {
            inTextOrder[order[i]] = inBatchOrder[i];
        }
    }
}
