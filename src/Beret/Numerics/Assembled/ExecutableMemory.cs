using System.Runtime.InteropServices;

namespace Beret.Numerics.Assembled;

/// <summary>
/// Memory for machine code that was made at run time: written first, then made executable and read-only, never both at once. What differs between the operating
/// systems is here. The memory lives as long as the process.
/// </summary>
internal static unsafe partial class ExecutableMemory
{
    private const int ReadWrite = 1 | 2;
    private const int ReadExecute = 1 | 4;
    private const int Private = 2;
    private const int AnonymousOnLinux = 0x20;
    private const int AnonymousOnMac = 0x1000;
    private const uint CommitAndReserve = 0x3000;
    private const uint PageReadWrite = 0x04;
    private const uint PageExecuteRead = 0x20;

    /// <summary>Places code in memory.</summary>
    /// <returns>Its address, or 0 where the system refuses memory that is to be executed, as hardened ones do.</returns>
    public static nint Place(ReadOnlySpan<byte> code)
    {
        var size = (nuint)code.Length;
        if (OperatingSystem.IsWindows())
        {
            var memory = VirtualAlloc(0, size, CommitAndReserve, PageReadWrite);
            if (memory == 0)
            {
                return 0;
            }

            code.CopyTo(new Span<byte>((void*)memory, code.Length));
            return VirtualProtect(memory, size, PageExecuteRead, out _) != 0 && FlushInstructionCache(-1, memory, size) != 0 ? memory : 0;
        }

        var pages = Map(0, size, ReadWrite, Private | (OperatingSystem.IsMacOS() ? AnonymousOnMac : AnonymousOnLinux), -1, 0);
        if (pages == -1)
        {
            return 0;
        }

        code.CopyTo(new Span<byte>((void*)pages, code.Length));
        return Protect(pages, size, ReadExecute) == 0 ? pages : 0;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(nint address, nuint length, int protection);

    [LibraryImport("kernel32")]
    private static partial nint VirtualAlloc(nint address, nuint size, uint type, uint protection);

    [LibraryImport("kernel32")]
    private static partial int VirtualProtect(nint address, nuint size, uint protection, out uint old);

    [LibraryImport("kernel32")]
    private static partial int FlushInstructionCache(nint process, nint address, nuint size);
}
