using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>LayerNorm of one row, forward and backward (Ba, Kiros and Hinton, 2016), with the biased variance.</summary>
internal static unsafe class Norms<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>output = (x − mean) / σ · gamma + beta, where there is a beta; returns the mean and 1/σ, σ² = variance + epsilon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* x, float* gamma, float* beta, float epsilon, float* output, int columns, float* statistics)
    {
        var whole = columns / S.Count * S.Count;
        var rest = columns - whole;
        var sum = S.Zero;
        for (var j = 0; j < whole; j += S.Count)
        {
            sum = S.Add(sum, S.Load(x + j));
        }

        if (rest > 0)
        {
            sum = S.Add(sum, S.LoadPart(x + whole, rest));
        }

        var mean = S.Sum(sum) / columns;
        var centre = S.Broadcast(mean);
        var squares = S.Zero;
        for (var j = 0; j < whole; j += S.Count)
        {
            var d = S.Subtract(S.Load(x + j), centre);
            squares = S.MultiplyAdd(d, d, squares);
        }

        if (rest > 0)
        {
            var part = stackalloc float[S.Count];
            S.Store(part, S.Subtract(S.LoadPart(x + whole, rest), centre));
            var d = S.LoadPart(part, rest);
            squares = S.MultiplyAdd(d, d, squares);
        }

        var inverse = 1f / MathF.Sqrt(S.Sum(squares) / columns + epsilon);
        statistics[0] = mean;
        statistics[1] = inverse;
        var scale = S.Broadcast(inverse);
        for (var j = 0; j < whole; j += S.Count)
        {
            var normal = S.Multiply(S.Subtract(S.Load(x + j), centre), scale);
            S.Store(output + j, S.MultiplyAdd(normal, S.Load(gamma + j), beta is null ? S.Zero : S.Load(beta + j)));
        }

        if (rest > 0)
        {
            var normal = S.Multiply(S.Subtract(S.LoadPart(x + whole, rest), centre), scale);
            var shift = beta is null ? S.Zero : S.LoadPart(beta + whole, rest);
            S.StorePart(output + whole, S.MultiplyAdd(normal, S.LoadPart(gamma + whole, rest), shift), rest);
        }
    }

    /// <summary>
    /// With n = (x − mean)/σ and h = dy·gamma: dx (+)= (h − mean(h) − n·mean(h·n)) / σ + skip, where there is a skip; dGamma += dy·n; dBeta += dy.
    /// What is stored in dx before any accumulation is also stored in <paramref name="alone"/>, where given.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(
        float* dy, float* x, float* statistics, float* gamma, float* dGamma, float* dBeta, float* skip, float* dx, bool accumulate, float* alone, int columns)
    {
        var whole = columns / S.Count * S.Count;
        var rest = columns - whole;
        var mean = S.Broadcast(statistics[0]);
        var inverse = S.Broadcast(statistics[1]);
        var sum = S.Zero;
        var product = S.Zero;
        for (var j = 0; j <= whole; j += S.Count)
        {
            V d, g, n;
            if (j < whole)
            {
                d = S.Load(dy + j);
                g = S.Load(gamma + j);
                n = S.Multiply(S.Subtract(S.Load(x + j), mean), inverse);
                S.Store(dGamma + j, S.MultiplyAdd(d, n, S.Load(dGamma + j)));
                S.Store(dBeta + j, S.Add(d, S.Load(dBeta + j)));
            }
            else if (rest > 0)
            {
                // Lanes beyond the row hold dy = 0, so they add nothing.
                d = S.LoadPart(dy + j, rest);
                g = S.LoadPart(gamma + j, rest);
                n = S.Multiply(S.Subtract(S.LoadPart(x + j, rest), mean), inverse);
                S.StorePart(dGamma + j, S.MultiplyAdd(d, n, S.LoadPart(dGamma + j, rest)), rest);
                S.StorePart(dBeta + j, S.Add(d, S.LoadPart(dBeta + j, rest)), rest);
            }
            else
            {
                break;
            }

            var h = S.Multiply(d, g);
            sum = S.Add(sum, h);
            product = S.MultiplyAdd(h, n, product);
        }

        var meanH = S.Broadcast(S.Sum(sum) / columns);
        var meanHN = S.Broadcast(S.Sum(product) / columns);
        for (var j = 0; j < whole; j += S.Count)
        {
            var n = S.Multiply(S.Subtract(S.Load(x + j), mean), inverse);
            var h = S.Multiply(S.Load(dy + j), S.Load(gamma + j));
            var result = S.Multiply(inverse, S.Subtract(S.Subtract(h, meanH), S.Multiply(n, meanHN)));
            if (skip is not null)
            {
                result = S.Add(result, S.Load(skip + j));
            }

            if (alone is not null)
            {
                S.Store(alone + j, result);
            }

            S.Store(dx + j, accumulate ? S.Add(S.Load(dx + j), result) : result);
        }

        if (rest > 0)
        {
            var n = S.Multiply(S.Subtract(S.LoadPart(x + whole, rest), mean), inverse);
            var h = S.Multiply(S.LoadPart(dy + whole, rest), S.LoadPart(gamma + whole, rest));
            var result = S.Multiply(inverse, S.Subtract(S.Subtract(h, meanH), S.Multiply(n, meanHN)));
            if (skip is not null)
            {
                result = S.Add(result, S.LoadPart(skip + whole, rest));
            }

            if (alone is not null)
            {
                S.StorePart(alone + whole, result, rest);
            }

            S.StorePart(dx + whole, accumulate ? S.Add(S.LoadPart(dx + whole, rest), result) : result, rest);
        }
    }
}
