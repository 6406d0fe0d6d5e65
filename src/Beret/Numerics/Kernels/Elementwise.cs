using System.Runtime.CompilerServices;

namespace Beret.Numerics.Kernels;

/// <summary>Kernels that touch each element by itself. Rows are cut into vectors from their start, so an element's bits do not depend on its row's number.</summary>
internal static unsafe class Elementwise<V, S>
    where V : struct
    where S : ISimd<V>
{
    /// <summary>Bias, activation and derivative of a block of sums: c = activation(c + bias).</summary>
    /// <param name="row">The block's place in the whole, for the derivative's and the bias's address.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Finish(float* c, nint stride, int rows, int columns, in Epilogue epilogue, int row, int column)
    {
        var bias = epilogue.Bias is null ? null : epilogue.Bias + column;
        for (var r = 0; r < rows; r++, c += stride)
        {
            var derivative = epilogue.Derivative is null ? null : epilogue.Derivative + (row + r) * epilogue.DerivativeStride + column;
            var j = 0;
            for (; j + S.Count <= columns; j += S.Count)
            {
                var x = S.Load(c + j);
                if (bias is not null)
                {
                    x = S.Add(x, S.Load(bias + j));
                }

                x = Activate(epilogue.Activation, x, derivative is not null, out var slope);
                S.Store(c + j, x);
                if (derivative is not null)
                {
                    S.Store(derivative + j, slope);
                }
            }

            var rest = columns - j;
            if (rest > 0)
            {
                var x = S.LoadPart(c + j, rest);
                if (bias is not null)
                {
                    x = S.Add(x, S.LoadPart(bias + j, rest));
                }

                x = Activate(epilogue.Activation, x, derivative is not null, out var slope);
                S.StorePart(c + j, x, rest);
                if (derivative is not null)
                {
                    S.StorePart(derivative + j, slope, rest);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Activate(Activation activation, V x, bool wantsSlope, out V slope)
    {
        slope = S.Broadcast(1f);
        switch (activation)
        {
            case Activation.Gelu:
                {
                    var half = S.Broadcast(0.5f);
                    var phi = S.MultiplyAdd(half, VectorMath.Erf<V, S>(S.Multiply(x, S.Broadcast(0.707106781186547524f))), half);
                    if (wantsSlope)
                    {
                        // gelu′(x) = Φ(x) + x·φ(x), φ(x) = e^(−x²/2) / √(2π)
                        var density = VectorMath.Exp<V, S>(S.Multiply(S.Multiply(x, x), S.Broadcast(-0.5f)));
                        slope = S.MultiplyAdd(S.Multiply(x, S.Broadcast(0.398942280401432678f)), density, phi);
                    }

                    return S.Multiply(x, phi);
                }

            case Activation.GeluTanh:
                {
                    const float Scale = 0.797884560802865356f; // √(2/π)
                    var x2 = S.Multiply(x, x);
                    var u = S.Multiply(S.Multiply(x, S.Broadcast(Scale)), S.MultiplyAdd(x2, S.Broadcast(0.044715f), S.Broadcast(1f)));

                    // tanh u and its slope both from e^(−2|u|): 1 − tanh² would not vanish where tanh rounds to 1, and it is multiplied by x³ below.
                    var one = S.Broadcast(1f);
                    var e = VectorMath.Exp<V, S>(S.Multiply(S.Broadcast(-2f), S.Abs(u)));
                    var inverse = S.Divide(one, S.Add(one, e));
                    var upper = inverse;                                        // (1 + tanh|u|) / 2
                    var lower = S.Multiply(e, inverse);                         // (1 − tanh|u|) / 2
                    var half = S.SelectLess(u, S.Zero, lower, upper);
                    if (wantsSlope)
                    {
                        // ½(1 + t) + ½ x (1 − t²) u′, 1 − t² = 4 e/(1+e)², u′ = √(2/π) (1 + 3·0.044715 x²)
                        var sech2 = S.Multiply(S.Broadcast(4f), S.Multiply(lower, upper));
                        var du = S.MultiplyAdd(x2, S.Broadcast(3 * 0.044715f * Scale), S.Broadcast(Scale));
                        slope = S.MultiplyAdd(S.Multiply(S.Multiply(x, S.Broadcast(0.5f)), sech2), du, half);
                    }

                    return S.Multiply(x, half);
                }

            case Activation.Tanh:
                {
                    var t = VectorMath.Tanh<V, S>(x);
                    slope = S.Subtract(S.Broadcast(1f), S.Multiply(t, t));
                    return t;
                }

            case Activation.Relu:
                slope = S.SelectLess(S.Zero, x, S.Broadcast(1f), S.Zero);
                return S.Max(S.Zero, x);

            default:
                return x;
        }
    }

    /// <summary>y = activation(a) · gate for one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gate(Activation activation, float* a, float* gate, float* y, int columns)
    {
        var j = 0;
        for (; j + S.Count <= columns; j += S.Count)
        {
            S.Store(y + j, S.Multiply(Activate(activation, S.Load(a + j), wantsSlope: false, out _), S.Load(gate + j)));
        }

        var rest = columns - j;
        if (rest > 0)
        {
            var x = Activate(activation, S.LoadPart(a + j, rest), wantsSlope: false, out _);
            S.StorePart(y + j, S.Multiply(x, S.LoadPart(gate + j, rest)), rest);
        }
    }

    /// <summary>da = dy · gate · activation′(a), dGate = dy · activation(a), for one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void GateGradient(Activation activation, float* a, float* gate, float* dy, float* da, float* dGate, int columns)
    {
        var j = 0;
        for (; j + S.Count <= columns; j += S.Count)
        {
            var x = Activate(activation, S.Load(a + j), wantsSlope: true, out var slope);
            var d = S.Load(dy + j);
            S.Store(da + j, S.Multiply(S.Multiply(d, S.Load(gate + j)), slope));
            S.Store(dGate + j, S.Multiply(d, x));
        }

        var rest = columns - j;
        if (rest > 0)
        {
            var x = Activate(activation, S.LoadPart(a + j, rest), wantsSlope: true, out var slope);
            var d = S.LoadPart(dy + j, rest);
            S.StorePart(da + j, S.Multiply(S.Multiply(d, S.LoadPart(gate + j, rest)), slope), rest);
            S.StorePart(dGate + j, S.Multiply(d, x), rest);
        }
    }

    /// <summary>a[i] *= b[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* a, float* b, int count)
    {
        var j = 0;
        for (; j + S.Count <= count; j += S.Count)
        {
            S.Store(a + j, S.Multiply(S.Load(a + j), S.Load(b + j)));
        }

        for (; j < count; j++)
        {
            a[j] *= b[j];
        }
    }

    /// <summary>target[i] (+)= factor · source[i]; the two may be the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* source, float factor, float* target, int count, bool accumulate)
    {
        var wide = S.Broadcast(factor);
        var j = 0;
        for (; j + S.Count <= count; j += S.Count)
        {
            S.Store(target + j, S.MultiplyAdd(wide, S.Load(source + j), accumulate ? S.Load(target + j) : S.Zero));
        }

        for (; j < count; j++)
        {
            target[j] = MathF.FusedMultiplyAdd(factor, source[j], accumulate ? target[j] : 0);
        }
    }

    /// <summary>a[i] += b[i].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* a, float* b, int count)
    {
        var j = 0;
        for (; j + S.Count <= count; j += S.Count)
        {
            S.Store(a + j, S.Add(S.Load(a + j), S.Load(b + j)));
        }

        for (; j < count; j++)
        {
            a[j] += b[j];
        }
    }

    /// <summary>destination = dropout(source) for one row of a matrix; the two may be the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DropRow(float* source, float* destination, int columns, int row, in Dropout dropout)
    {
        var words = stackalloc uint[4 * PhiloxLanes.Count];
        var scale = S.Broadcast(dropout.Scale);
        for (var block = 0; block < columns; block += 128)
        {
            PhiloxLanes.Fill<V, S>((uint)(block >> 7) << 4, 1, (uint)row, 0, dropout, words);
            var end = Math.Min(block + 128, columns);
            for (var part = 0; part < 8 && block + 16 * part < end; part++)
            {
                var bits = words + 16 * (part >> 1);
                var shift = (part & 1) * 16;
                for (var lane = 0; lane < 16 && block + 16 * part + lane < end; lane += S.Count)
                {
                    var j = block + 16 * part + lane;
                    if (j + S.Count <= end)
                    {
                        S.Store(destination + j, S.KeepAtLeast(bits + lane, shift, dropout.Threshold, S.Multiply(scale, S.Load(source + j))));
                    }
                    else
                    {
                        var kept = S.KeepAtLeast(bits + lane, shift, dropout.Threshold, S.Multiply(scale, S.LoadPart(source + j, end - j)));
                        S.StorePart(destination + j, kept, end - j);
                    }
                }
            }
        }
    }
}
