namespace Beret.Checkpoints;

/// <summary>
/// Writes a file so that at every moment, whatever ends the process or the machine, either the old contents or all of the new are there.
/// </summary>
public static class AtomicFile
{
    /// <summary>
    /// Calls <paramref name="write"/> with a stream to a temporary file beside <paramref name="path"/>, puts it on the disk and gives it the final name.
    /// Where <paramref name="write"/> throws, the old file stays.
    /// </summary>
    /// <exception cref="CheckpointException">The file cannot be written: no such folder, no permission, disk full, or another process is writing it.</exception>
    public static void Write(string path, Action<Stream> write) => Write(path, write, keepAs: null);

    /// <summary><see cref="Write(string, Action{Stream})"/>, which keeps the old file under another name in the same folder. At every moment there is a file under the first name or the other that is whole.</summary>
    internal static void Write(string path, Action<Stream> write, string? keepAs)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        path = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(path) ?? throw new CheckpointException($"{path} is not the name of a file");

        // One name for every attempt: what a killed process leaves is overwritten by the next and never piles up.
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.new");
        try
        {
            using var stream = FileLock.TryAcquire(temporary, deleteAfter: false)
                ?? throw new CheckpointException($"{path} is being written by another process");
            try
            {
                stream.SetLength(0);
                using (var buffered = new BufferedStream(new FileContents(stream), 1 << 16))
                {
                    write(buffered);
                }

                stream.Flush(flushToDisk: true);
                if (OperatingSystem.IsWindows())
                {
                    // Windows renames no open file.
                    stream.Dispose();
                }

                if (keepAs is not null && File.Exists(path))
                {
                    Keep(path, Path.Combine(folder, keepAs), temporary: Path.Combine(folder, $".{keepAs}.new"));
                }

                File.Move(temporary, path, overwrite: true);
                DurableStorage.FlushFolder(folder);
            }
            catch
            {
                if (OperatingSystem.IsWindows())
                {
                    stream.Dispose();
                }

                File.Delete(temporary);
                throw;
            }
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw new CheckpointException($"{path} cannot be written: {FileFault.Say(error)}", error);
        }
    }

    // A second name leaves the first where it is; where the file system has none, the file changes its name, and for a moment only the other is there.
    private static void Keep(string path, string kept, string temporary)
    {
        File.Delete(temporary);
        File.Move(DurableStorage.TryLink(path, temporary) ? temporary : path, kept, overwrite: true);

        // Between two names of one file a move does nothing; a process that ended here before has made such.
        File.Delete(temporary);
    }

    // BufferedStream disposes what it wraps, and so may a writer that the caller puts around the stream; the file must stay open until it is on the disk.
    private sealed class FileContents(Stream file) : WriteOnlyStream(file);
}
