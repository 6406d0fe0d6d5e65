using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Beret.Numerics.Kernels;

/// <summary>Philox for 16 counters at a time: the random bits of dropout. The same bits as <see cref="Philox"/> on every instruction set.</summary>
internal static unsafe class PhiloxLanes
{
    /// <summary>Counters in a call.</summary>
    public const int Count = 16;

    /// <summary>
    /// Lane i has counter (x + i · xStep, y + i · yStep, operation, step); words[16 · j + i] = its word j, for j in [0, 4).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill<V, S>(uint x, uint xStep, uint y, uint yStep, in Dropout dropout, uint* words)
        where V : struct
        where S : ISimd<V>
    {
        if (S.Count == 16 && Avx512F.IsSupported)
        {
            var lanes = Vector512<uint>.Indices;
            Rounds512(Vector512.Create(x) + lanes * xStep, Vector512.Create(y) + lanes * yStep, dropout, words);
        }
        else if (S.Count == 8 && Avx2.IsSupported)
        {
            for (var half = 0u; half < 16; half += 8)
            {
                var lanes = Vector256<uint>.Indices + Vector256.Create(half);
                Rounds256(Vector256.Create(x) + lanes * xStep, Vector256.Create(y) + lanes * yStep, dropout, words + half);
            }
        }
        else
        {
            for (var i = 0u; i < 16; i++)
            {
                var (a, b, c, d) = Philox.Next(x + i * xStep, y + i * yStep, dropout.Operation, dropout.Step, dropout.Seed);
                words[i] = a;
                words[16 + i] = b;
                words[32 + i] = c;
                words[48 + i] = d;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rounds512(Vector512<uint> x, Vector512<uint> y, in Dropout dropout, uint* words)
    {
        var z = Vector512.Create(dropout.Operation);
        var w = Vector512.Create(dropout.Step);
        var keyA = (uint)dropout.Seed;
        var keyB = (uint)(dropout.Seed >> 32);
        var a = Vector512.Create(Philox.MultiplierA);
        var b = Vector512.Create(Philox.MultiplierB);
        var odd = Vector512.Create(0xFFFFFFFF00000000UL);
        for (var round = 0; round < Philox.Rounds; round++)
        {
            // The products of the even lanes and of the odd lanes, 64 bits each; then their upper and lower halves in the lanes' places.
            var evenA = Avx512F.Multiply(x, a);
            var oddA = Avx512F.Multiply((x.AsUInt64() >>> 32).AsUInt32(), a);
            var evenB = Avx512F.Multiply(z, b);
            var oddB = Avx512F.Multiply((z.AsUInt64() >>> 32).AsUInt32(), b);
            var highA = Vector512.ConditionalSelect(odd, oddA, evenA >>> 32).AsUInt32();
            var lowA = Vector512.ConditionalSelect(odd, oddA << 32, evenA).AsUInt32();
            var highB = Vector512.ConditionalSelect(odd, oddB, evenB >>> 32).AsUInt32();
            var lowB = Vector512.ConditionalSelect(odd, oddB << 32, evenB).AsUInt32();
            x = highB ^ y ^ Vector512.Create(keyA);
            y = lowB;
            z = highA ^ w ^ Vector512.Create(keyB);
            w = lowA;
            keyA += Philox.WeylA;
            keyB += Philox.WeylB;
        }

        x.Store(words);
        y.Store(words + 16);
        z.Store(words + 32);
        w.Store(words + 48);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Rounds256(Vector256<uint> x, Vector256<uint> y, in Dropout dropout, uint* words)
    {
        var z = Vector256.Create(dropout.Operation);
        var w = Vector256.Create(dropout.Step);
        var keyA = (uint)dropout.Seed;
        var keyB = (uint)(dropout.Seed >> 32);
        var a = Vector256.Create(Philox.MultiplierA);
        var b = Vector256.Create(Philox.MultiplierB);
        var odd = Vector256.Create(0xFFFFFFFF00000000UL);
        for (var round = 0; round < Philox.Rounds; round++)
        {
            var evenA = Avx2.Multiply(x, a);
            var oddA = Avx2.Multiply((x.AsUInt64() >>> 32).AsUInt32(), a);
            var evenB = Avx2.Multiply(z, b);
            var oddB = Avx2.Multiply((z.AsUInt64() >>> 32).AsUInt32(), b);
            var highA = Vector256.ConditionalSelect(odd, oddA, evenA >>> 32).AsUInt32();
            var lowA = Vector256.ConditionalSelect(odd, oddA << 32, evenA).AsUInt32();
            var highB = Vector256.ConditionalSelect(odd, oddB, evenB >>> 32).AsUInt32();
            var lowB = Vector256.ConditionalSelect(odd, oddB << 32, evenB).AsUInt32();
            x = highB ^ y ^ Vector256.Create(keyA);
            y = lowB;
            z = highA ^ w ^ Vector256.Create(keyB);
            w = lowA;
            keyA += Philox.WeylA;
            keyB += Philox.WeylB;
        }

        x.Store(words);
        y.Store(words + 16);
        z.Store(words + 32);
        w.Store(words + 48);
    }
}
