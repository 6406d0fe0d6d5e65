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
    public static void Write(string path, Action<Stream> write)
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} cannot be written: {error.Message}", error);
        }
    }

    // BufferedStream disposes what it wraps, and so may a writer that the caller puts around the stream; the file must stay open until it is on the disk.
    private sealed class FileContents(Stream file) : WriteOnlyStream(file);
}
