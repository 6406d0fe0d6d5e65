namespace Beret.Data;

/// <summary>
/// A generator whose i-th number follows from its key and i alone: SplitMix64 (Steele, Lea and Flood 2014), whose state is a counter. A key is made
/// of a seed and a stream number, so that the order of any epoch can be had without the ones before it.
/// </summary>
internal struct CounterRandom
{
    private const ulong GoldenGamma = 0x9e3779b97f4a7c15;

    private ulong state;

    private CounterRandom(ulong state) => this.state = state;

    /// <summary>The generator as published, from its raw state.</summary>
    public static CounterRandom FromState(ulong state) => new(state);

    /// <summary>The generator of one stream of a seed. Seeds and streams that differ give unrelated numbers.</summary>
    public static CounterRandom FromSeed(ulong seed, ulong stream) => new(Mix(Mix(seed + GoldenGamma) ^ Mix(~stream)));

    /// <summary>The next 64 bits.</summary>
    public ulong Next() => Mix(state += GoldenGamma);

    /// <summary>
    /// A number below <paramref name="bound"/>, without bias (Lemire 2019: multiply, and reject the few products whose low half is short).
    /// </summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bound);
        var range = (ulong)bound;
        var high = Math.BigMul(Next(), range, out var low);
        if (low < range)
        {
            var threshold = (0 - range) % range;
            while (low < threshold)
            {
                high = Math.BigMul(Next(), range, out low);
            }
        }

        return (int)high;
    }

    /// <summary>Puts items in a random order (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
