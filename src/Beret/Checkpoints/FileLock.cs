namespace Beret.Checkpoints;

/// <summary>
/// A lock between processes: a file that only one can hold open. The system releases it when the holder ends, however it ends, so a lock file
/// that lies about locks nothing.
/// </summary>
internal static class FileLock
{
    // What the system says where another holds the file: EWOULDBLOCK of Linux and of macOS, sharing and lock violation of Windows.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);
    private const int WindowsLockViolation = unchecked((int)0x80070021);

    /// <summary>The lock, to be disposed; or null where another process (or another part of this one) holds it.</summary>
    /// <param name="path">The lock file; it is created where it is absent.</param>
    /// <param name="deleteAfter">
    /// Whether the file goes with the lock. Not for locks that others wait for: a waiter could lock the file that was deleted under it while a third creates a new one.
    /// </param>
    /// <exception cref="IOException">The file cannot be created.</exception>
    /// <exception cref="UnauthorizedAccessException">The file cannot be created.</exception>
    public static FileStream? TryAcquire(string path, bool deleteAfter)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0,
                deleteAfter ? FileOptions.DeleteOnClose : FileOptions.None);
        }
        catch (IOException error) when (IsHeldByAnother(error))
        {
            return null;
        }
    }

    internal static bool IsHeldByAnother(IOException error) => OperatingSystem.IsWindows()
        ? error.HResult is WindowsSharingViolation or WindowsLockViolation
        : error.HResult == (OperatingSystem.IsMacOS() ? MacWouldBlock : LinuxWouldBlock);
}
