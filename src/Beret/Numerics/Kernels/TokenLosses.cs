using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>What one token's logits over a vocabulary of tens of thousands say: their cross-entropy, in place, and a token drawn by them.</summary>
internal static unsafe class TokenLosses<V, S>
    where V : struct
    where S : ISimd<V>
{
    // Vectors that are summed in fp32; the blocks are summed in double.
    private const int Block = 64;

    /// <summary>log Σ exp(logits) − logits[target]. The logits become exp(logit − the largest), and their sum is given back.</summary>
    /// <param name="isRight">Whether no other logit is larger than the target's.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float CrossEntropy(float* logits, int count, int target, out bool isRight, out double sum)
    {
        var highest = Highest(logits, count);
        var wanted = logits[target];
        isRight = !(wanted < highest);
        var shift = S.Broadcast(highest);
        sum = 0;
        var j = 0;
        while (j + S.Count <= count)
        {
            var part = S.Zero;
            for (var end = Math.Min(count - S.Count, j + (Block - 1) * S.Count); j <= end; j += S.Count)
            {
                var e = VectorMath.Exp<V, S>(S.Subtract(S.Load(logits + j), shift));
                S.Store(logits + j, e);
                part = S.Add(part, e);
            }

            sum += S.Sum(part);
        }

        if (j < count)
        {
            // What lies behind the end is some exponential in the vector, and does not come back from memory.
            S.StorePart(logits + j, VectorMath.Exp<V, S>(S.Subtract(S.LoadPart(logits + j, count - j), shift)), count - j);
            sum += S.Sum(S.LoadPart(logits + j, count - j));
        }

        return (float)(highest - (double)wanted + Math.Log(sum));
    }

    /// <summary>share · (softmax − onehot(target)), in the place of what <see cref="CrossEntropy"/> left.</summary>
    public static void Gradient(float* exponentials, int count, int target, float share, double sum)
    {
        Elementwise<V, S>.Scale(exponentials, (float)(share / sum), exponentials, count, accumulate: false);
        exponentials[target] -= share;
    }

    /// <summary>The first token whose probability, added to those before it, exceeds the draw. The logits are used up.</summary>
    public static int Sample(float* logits, int count, float draw)
    {
        CrossEntropy(logits, count, 0, out _, out var total);
        var wanted = draw * total;
        var token = 0;
        for (double sum = logits[0]; token < count - 1 && sum <= wanted; sum += logits[token])
        {
            token++;
        }

        return token;
    }

    private static float Highest(float* values, int count)
    {
        var lanes = stackalloc float[S.Count];
        var highest = values[0];
        var j = 0;
        if (count >= S.Count)
        {
            var most = S.Load(values);
            for (j = S.Count; j + S.Count <= count; j += S.Count)
            {
                most = S.Max(most, S.Load(values + j));
            }

            S.Store(lanes, most);
            for (var k = 0; k < S.Count; k++)
            {
                highest = Math.Max(highest, lanes[k]);
            }
        }

        for (; j < count; j++)
        {
            highest = Math.Max(highest, values[j]);
        }

        return highest;
    }
}
