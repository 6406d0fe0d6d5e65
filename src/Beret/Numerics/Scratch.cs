using System.Runtime.InteropServices;

namespace Beret.Numerics;

/// <summary>
/// Working memory of the CPU kernels, kept from call to call: one block for each thread, and one that a kernel's tasks share. Grows when a kernel asks for more.
/// </summary>
internal sealed unsafe class Scratch : IDisposable
{
    private const nuint Alignment = 64;

    private readonly int threads;
    private readonly float** own;
    private float* shared;
    private long sharedFloats;
    private long ownFloats;

    public Scratch(int threads)
    {
        this.threads = threads;
        own = (float**)NativeMemory.AllocZeroed((nuint)threads, (nuint)sizeof(float*));
        Reserve(1 << 17);
    }

    /// <summary>Bytes held.</summary>
    public long Bytes => sizeof(float) * (threads * ownFloats + sharedFloats);

    /// <summary>Makes every thread's own block at least this large. Not while a parallel region runs.</summary>
    public void Reserve(long floats)
    {
        if (floats <= ownFloats)
        {
            return;
        }

        for (var i = 0; i < threads; i++)
        {
            NativeMemory.AlignedFree(own[i]);
            own[i] = null;
            own[i] = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), Alignment);
        }

        ownFloats = floats;
    }

    /// <summary>Every thread's own block, by slot; of no particular content.</summary>
    public float** Own => own;

    /// <summary>The shared block; what it held is lost where it has to grow.</summary>
    public float* Shared(long floats)
    {
        if (floats > sharedFloats)
        {
            NativeMemory.AlignedFree(shared);
            shared = null;
            sharedFloats = 0;
            shared = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), Alignment);
            sharedFloats = floats;
        }

        return shared;
    }

    public void Dispose()
    {
        for (var i = 0; i < threads; i++)
        {
            NativeMemory.AlignedFree(own[i]);
        }

        NativeMemory.Free(own);
        NativeMemory.AlignedFree(shared);
        shared = null;
        sharedFloats = 0;
    }
}
