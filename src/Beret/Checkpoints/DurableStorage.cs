using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Beret.Checkpoints;

/// <summary>
/// What the platforms do differently when files must be on the disk and change names at once: the system calls that .NET does not offer.
/// Everything here has an answer on every platform; where a system cannot do a thing, it says so and the caller does without.
/// </summary>
internal static partial class DurableStorage
{
    private const int ReadOnly = 0;
    private const int CurrentFolder = -100;
    private const uint LinuxExchange = 2;
    private const uint MacSwap = 2;

    /// <summary>Puts a file's contents on the disk.</summary>
    public static void FlushFile(string path)
    {
        // Windows flushes only through a handle that may write.
        var access = OperatingSystem.IsWindows() ? FileAccess.ReadWrite : FileAccess.Read;
        using var handle = File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Puts a folder's list of names on the disk. Windows does that by itself, and has no call for it.</summary>
    public static void FlushFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = OpenDescriptor(path, ReadOnly);
        if (descriptor < 0)
        {
            throw new IOException($"{path} cannot be opened: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);

        // Some network and user-space file systems have no flush for folders; the names are then as safe as that system makes them.
        _ = Flush(descriptor);
    }

    /// <summary>Swaps the names of two existing folders (or files) in one step; false where the system or the file system cannot.</summary>
    public static bool TryExchange(string one, string other)
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                return RenameAt(CurrentFolder, one, CurrentFolder, other, LinuxExchange) == 0;
            }

            return OperatingSystem.IsMacOS() && RenameWith(one, other, MacSwap) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            // An older C library than the call (glibc 2.28, musl 1.2.5).
            return false;
        }
    }

    /// <summary>Gives an existing file a second name; false where the system or the file system cannot.</summary>
    public static bool TryLink(string existing, string name) =>
        OperatingSystem.IsWindows() ? CreateHardLink(name, existing, 0) : Link(existing, name) == 0;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenDescriptor(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string name);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(int oldFolder, string oldPath, int newFolder, string newPath, uint flags);

    [LibraryImport("libc", EntryPoint = "renamex_np", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameWith(string from, string to, uint flags);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool CreateHardLink(string name, string existing, nint security);
}
