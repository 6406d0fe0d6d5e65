using Beret.Numerics;

namespace Beret.Benchmarks;

/// <summary>Counts the memory that is taken from a backend. For one calling thread at a time.</summary>
internal sealed class MeteredBackend(IBackend inner) : ForwardingBackend(inner)
{
    private readonly Dictionary<nint, long> sizes = [];
    private long held;

    /// <summary>The most bytes held at once since the last <see cref="Reset"/>.</summary>
    public long Peak { get; private set; }

    /// <summary>Forgets the peak: what is held now is the new one.</summary>
    public void Reset() => Peak = held;

    public override nint Allocate(long bytes)
    {
        var handle = Inner.Allocate(bytes);
        sizes[handle] = bytes;
        held += bytes;
        Peak = Math.Max(Peak, held);
        return handle;
    }

    public override void Free(nint handle)
    {
        if (sizes.Remove(handle, out var bytes))
        {
            held -= bytes;
        }

        Inner.Free(handle);
    }
}
