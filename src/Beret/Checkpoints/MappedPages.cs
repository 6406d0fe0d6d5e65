using System.Runtime.InteropServices;

namespace Beret.Checkpoints;

/// <summary>What the platforms do differently to take mapped pages out of a process's memory.</summary>
internal static partial class MappedPages
{
    // The same number on Linux and macOS.
    private const int DoNotNeed = 4;

    /// <summary>
    /// Says that the pages of a mapped file are not needed now: they leave the process, and come back from the file's cache when they are read again. Advice: where
    /// a system does not take it, nothing but its memory differs. Windows has no such call for a mapping; it trims by itself.
    /// </summary>
    /// <param name="start">Where the file is mapped, at the start of a page.</param>
    /// <param name="length">Bytes.</param>
    public static void Release(nint start, long length)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
        {
            _ = Advise(start, (nuint)length, DoNotNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
