namespace Beret.Data;

/// <summary>How the training examples are ordered in each epoch.</summary>
public enum ShuffleMode
{
    /// <summary>All examples are shuffled anew in every epoch.</summary>
    EveryEpoch,

    /// <summary>
    /// As the tutorial: TensorFlow's shuffle through a buffer (of 256 examples there), whose result is cached, so that every epoch has the same
    /// order. The structure is TensorFlow's; the random numbers are not.
    /// </summary>
    Tutorial,

    /// <summary>As they come.</summary>
    None,
}

/// <summary>
/// The order of the examples in each epoch. It follows from the seed and the number of the epoch alone: a run that goes on in epoch 7 needs nothing
/// of the six before it.
/// </summary>
public sealed class EpochOrder
{
    /// <summary>The buffer of the tutorial: 8 batches of 32.</summary>
    public const int TutorialBuffer = 256;

    private readonly ulong seed;
    private readonly ShuffleMode mode;
    private readonly int buffer;

    /// <summary>Fixes the order of all epochs.</summary>
    /// <param name="count">The number of examples.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="mode">How to shuffle.</param>
    /// <param name="buffer">The size of the buffer of <see cref="ShuffleMode.Tutorial"/>: 8 times the batch size in the tutorial.</param>
    public EpochOrder(int count, ulong seed, ShuffleMode mode = ShuffleMode.EveryEpoch, int buffer = TutorialBuffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(buffer);
        Count = count;
        this.seed = seed;
        this.mode = mode;
        this.buffer = buffer;
    }

    /// <summary>The number of examples.</summary>
    public int Count { get; }

    /// <summary>Writes the order of one epoch: each number from 0 to <see cref="Count"/> − 1 once.</summary>
    /// <param name="epoch">The number of the epoch, from 0.</param>
    /// <param name="order">Receives the order; <see cref="Count"/> long.</param>
    public void Fill(int epoch, Span<int> order)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        if (order.Length != Count)
        {
            throw new ArgumentException($"The order needs {Count} places, not {order.Length}.", nameof(order));
        }

        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        switch (mode)
        {
            case ShuffleMode.EveryEpoch:
                CounterRandom.FromSeed(seed, (ulong)epoch).Shuffle(order);
                break;
            case ShuffleMode.Tutorial:
                ShuffleThroughBuffer(CounterRandom.FromSeed(seed, 0), order, buffer);
                break;
            case ShuffleMode.None:
                break;
            default:
                throw new InvalidOperationException($"{mode} is not a way to shuffle.");
        }
    }

    /// <summary>The order of one epoch.</summary>
    /// <inheritdoc cref="Fill"/>
    public int[] ForEpoch(int epoch)
    {
        var order = new int[Count];
        Fill(epoch, order);
        return order;
    }

    // tf.data's shuffle: a random one of the next `buffer` examples is given out and the first of them takes its place. In place, the window
    // order[i .. i + buffer] is that buffer.
    private static void ShuffleThroughBuffer(CounterRandom random, Span<int> order, int buffer)
    {
        for (var i = 0; i < order.Length; i++)
        {
            var j = i + random.Below(Math.Min(buffer, order.Length - i));
            (order[i], order[j]) = (order[j], order[i]);
        }
    }
}
