using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>AdamW and the squared norm over a run of floats.</summary>
internal static unsafe class Optimizer<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>One pass over memory. <paramref name="g"/> null: the gradient is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AdamW(float* w, float* g, float* m, float* v, int count, in AdamWStep step)
    {
        var beta1 = S.Broadcast(step.Beta1);
        var beta2 = S.Broadcast(step.Beta2);
        var rest1 = S.Broadcast(step.Rest1);
        var rest2 = S.Broadcast(step.Rest2);
        var scale = S.Broadcast(step.GradientScale);
        var keep = S.Broadcast(1 - step.Decay);
        var correction = S.Broadcast(1 / step.SecondMomentCorrection);
        var epsilon = S.Broadcast(step.Epsilon);
        var rate = S.Broadcast(-step.StepSize);
        var j = 0;
        for (; j + S.Count <= count; j += S.Count)
        {
            var gradient = g is null ? S.Zero : S.Multiply(S.Load(g + j), scale);
            var first = S.MultiplyAdd(beta1, S.Load(m + j), S.Multiply(rest1, gradient));
            var second = S.MultiplyAdd(beta2, S.Load(v + j), S.Multiply(rest2, S.Multiply(gradient, gradient)));
            S.Store(m + j, first);
            S.Store(v + j, second);
            var quotient = S.Divide(first, S.MultiplyAdd(S.Sqrt(second), correction, epsilon));
            S.Store(w + j, S.MultiplyAdd(rate, quotient, S.Multiply(S.Load(w + j), keep)));
        }

        if (j < count)
        {
            var rest = count - j;
            var gradient = g is null ? S.Zero : S.Multiply(S.LoadPart(g + j, rest), scale);
            var first = S.MultiplyAdd(beta1, S.LoadPart(m + j, rest), S.Multiply(rest1, gradient));
            var second = S.MultiplyAdd(beta2, S.LoadPart(v + j, rest), S.Multiply(rest2, S.Multiply(gradient, gradient)));
            S.StorePart(m + j, first, rest);
            S.StorePart(v + j, second, rest);
            var quotient = S.Divide(first, S.MultiplyAdd(S.Sqrt(second), correction, epsilon));
            S.StorePart(w + j, S.MultiplyAdd(rate, quotient, S.Multiply(S.LoadPart(w + j, rest), keep)), rest);
        }
    }

    /// <summary>Σ x², fp32 within 256 elements and double from there on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredNorm(float* x, long count)
    {
        var total = 0.0;
        for (long start = 0; start < count; start += 256)
        {
            var length = (int)Math.Min(256, count - start);
            var sum = S.Zero;
            var j = 0;
            for (; j + S.Count <= length; j += S.Count)
            {
                var value = S.Load(x + start + j);
                sum = S.MultiplyAdd(value, value, sum);
            }

            if (j < length)
            {
                var value = S.LoadPart(x + start + j, length - j);
                sum = S.MultiplyAdd(value, value, sum);
            }

            total += S.Sum(sum);
        }

        return total;
    }
}
