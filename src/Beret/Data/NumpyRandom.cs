using System.Numerics;

namespace Beret.Data;

/// <summary>
/// NumPy's <c>RandomState(seed)</c>: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) seeded by <c>init_genrand</c>, with the bounded
/// draws and the shuffle of NumPy's legacy generator, bit for bit. Keras orders and splits a folder of texts with it.
/// </summary>
public sealed class NumpyRandom
{
    private const int N = 624;
    private const int M = 397;

    private readonly uint[] state = new uint[N];
    private int next = N;

    /// <summary>Starts the generator as <c>numpy.random.RandomState(seed)</c> does.</summary>
    public NumpyRandom(uint seed)
    {
        state[0] = seed;
        for (var i = 1; i < N; i++)
        {
            state[i] = 1812433253u * (state[i - 1] ^ (state[i - 1] >> 30)) + (uint)i;
        }
    }

    /// <summary>The next 32 bits (<c>genrand_int32</c>).</summary>
    public uint NextUInt32()
    {
        if (next == N)
        {
            Twist();
        }

        var y = state[next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    /// <summary>
    /// A number from 0 to <paramref name="max"/> inclusive, by masking and rejection (NumPy's <c>random_interval</c>). Zero draws nothing.
    /// </summary>
    public uint NextInterval(uint max)
    {
        if (max == 0)
        {
            return 0;
        }

        var mask = uint.MaxValue >> BitOperations.LeadingZeroCount(max);
        uint value;
        do
        {
            value = NextUInt32() & mask;
        }
        while (value > max);

        return value;
    }

    /// <summary>Shuffles in place, as <c>RandomState.shuffle</c> does.</summary>
    public void Shuffle<T>(Span<T> values)
    {
        for (var i = values.Length - 1; i > 0; i--)
        {
            var j = (int)NextInterval((uint)i);
            (values[i], values[j]) = (values[j], values[i]);
        }
    }

    /// <summary>The numbers from 0 to <paramref name="count"/> − 1, shuffled, as <c>RandomState.permutation(count)</c> gives them.</summary>
    public int[] Permutation(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            order[i] = i;
        }

        Shuffle<int>(order);
        return order;
    }

    private void Twist()
    {
        for (var i = 0; i < N; i++)
        {
            var y = (state[i] & 0x80000000u) | (state[(i + 1) % N] & 0x7fffffffu);
            state[i] = state[(i + M) % N] ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : 0x9908b0dfu);
        }

        next = 0;
    }
}
