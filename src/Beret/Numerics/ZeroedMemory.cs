using System.Runtime.InteropServices;

namespace Beret.Numerics;

/// <summary>
/// Aligned blocks of zeros. The system gives a large block page by page when it is first written, already zero, so that nothing is cleared twice; and in large
/// pages where it can, so that there are few of these occasions, and few addresses for the processor to remember afterwards.
/// </summary>
internal static unsafe partial class ZeroedMemory
{
    private const nuint Alignment = 64;
    private const nuint LargePage = 2 << 20;

    // Linux: madvise.
    private const int DoNotNeed = 4;
    private const int UseLargePages = 14;

    // macOS: madvise.
    private const int FreeWhenWanted = 5;

    /// <summary>A block to be given back with <see cref="Free"/>.</summary>
    public static void* Allocate(long bytes)
    {
        var size = (nuint)Math.Max(bytes, 1);
        var alignment = size >= 2 * LargePage ? LargePage : Alignment;
        var taken = (nuint)NativeMemory.AllocZeroed(checked(size + alignment + (nuint)sizeof(nuint)));

        // Where the block was taken stands before it.
        var block = (taken + (nuint)sizeof(nuint) + alignment - 1) / alignment * alignment;
        ((nuint*)block)[-1] = taken;
        if (alignment == LargePage && OperatingSystem.IsLinux())
        {
            // Advice: a system without large pages gives small ones.
            _ = Advise((nint)block, size / LargePage * LargePage, UseLargePages);
        }

        return (void*)block;
    }

    public static void Free(void* block)
    {
        if (block != null)
        {
            NativeMemory.Free((void*)((nuint*)block)[-1]);
        }
    }

    /// <summary>Gives the whole pages of a part of a block back to the system, for now: the part may be written again. Advice: where it is not taken, nothing but the memory differs.</summary>
    public static void Discard(void* part, long bytes)
    {
        var page = (nint)Environment.SystemPageSize;
        var start = ((nint)part + page - 1) / page * page;
        var length = ((nint)part + (nint)bytes) / page * page - start;
        if (length <= 0)
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            _ = DiscardVirtualMemory(start, (nuint)length);
        }
        else
        {
            _ = Advise(start, (nuint)length, OperatingSystem.IsLinux() ? DoNotNeed : FreeWhenWanted);
        }
    }

    [LibraryImport("kernel32")]
    private static partial uint DiscardVirtualMemory(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
