using System.Numerics;
using System.Runtime.InteropServices;

namespace Beret.Bench;

/// <summary>a = b + s · c over arrays far larger than the caches: the memory bandwidth by McCalpin's STREAM, three floats moved for each element.</summary>
internal static unsafe class Triad
{
    private const int Elements = 1 << 25;

    public static Measurement Measure(int threads, double seconds)
    {
        var a = Take();
        var b = Take();
        var c = Take();
        try
        {
            // The one kind of store reads a line before it writes it, the other does not; which is faster depends on the machine.
            var best = new[] { false, true }.Min(past => Clock.Sample(() => Run(past), seconds / 2, 3).Min());
            return new Measurement("memory", Measurement.Ours, $"triad over 3 × {Elements * sizeof(float) >> 20} MiB", best, Bytes: 3.0 * sizeof(float) * Elements);
        }
        finally
        {
            NativeMemory.AlignedFree(a);
            NativeMemory.AlignedFree(b);
            NativeMemory.AlignedFree(c);
        }

        void Run(bool pastTheCache) => Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, part =>
        {
            var size = Elements / threads / Vector<float>.Count * Vector<float>.Count;
            Stream(a + (long)part * size, b + (long)part * size, c + (long)part * size, size, pastTheCache);
        });
    }

    private static void Stream(float* a, float* b, float* c, int count, bool pastTheCache)
    {
        var scale = new Vector<float>(3);
        for (var i = 0; i < count; i += Vector<float>.Count)
        {
            var sum = Vector.LoadAligned(b + i) + scale * Vector.LoadAligned(c + i);
            if (pastTheCache)
            {
                sum.StoreAlignedNonTemporal(a + i);
            }
            else
            {
                sum.StoreAligned(a + i);
            }
        }
    }

    private static float* Take()
    {
        var memory = (float*)NativeMemory.AlignedAlloc((nuint)Elements * sizeof(float), 64);
        new Span<float>(memory, Elements).Fill(1);
        return memory;
    }
}
