namespace Beret.Checkpoints;

/// <summary>
/// Writes a folder so that at every moment, whatever ends the process or the machine, either the old folder or all of the new one is there.
/// </summary>
/// <remarks>
/// The new folder is filled as a sibling (<c>.NAME.new</c>), put on the disk, and swapped with the old one in one system call. Where the system has none
/// (Windows, some file systems), the old folder is first moved aside (<c>.NAME.old</c>); a process that ends between the two moves is made good by
/// <see cref="Recover"/>, which everything that opens such a folder calls first.
/// </remarks>
public static class AtomicFolder
{
    /// <summary>
    /// Calls <paramref name="fill"/> with an empty temporary folder and puts what it wrote in the place of <paramref name="path"/>.
    /// Files and folders of the old folder that <paramref name="fill"/> did not write stay as they are, unless <paramref name="drop"/> names them.
    /// Where <paramref name="fill"/> throws, the old folder stays.
    /// </summary>
    /// <param name="path">The folder to write; it need not exist.</param>
    /// <param name="fill">Receives the full path of the temporary folder.</param>
    /// <param name="drop">Given the name of a file or folder directly in the old folder that the new one lacks: whether it is to go.</param>
    /// <exception cref="CheckpointException">The folder cannot be written: no permission, disk full, or another process is writing it.</exception>
    public static void Write(string path, Action<string> fill, Func<string, bool>? drop = null) => Write(path, fill, drop, mayExchange: true, afterStep: null);

    /// <summary>
    /// Restores the old folder where a process ended between the two moves of a replacement; otherwise does nothing. Safe to call at any time, by any number of processes.
    /// </summary>
    /// <exception cref="CheckpointException">The folder has to be restored and cannot be.</exception>
    public static void Recover(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Exists(path))
        {
            return;
        }

        var names = new Names(path);
        if (!Directory.Exists(names.Old))
        {
            return;
        }

        try
        {
            // While another process holds the lock it is between its two moves, which take no time.
            for (var attempt = 0; !Exists(names.Final); attempt++)
            {
                using var held = FileLock.TryAcquire(names.Lock, deleteAfter: true);
                if (held is not null)
                {
                    RestoreOld(names);
                    return;
                }

                if (attempt == 100)
                {
                    throw new CheckpointException($"{names.Final} is being written by another process");
                }

                Thread.Sleep(20);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{names.Final} was being replaced when a process ended, and {names.Old} cannot be moved back: {error.Message}", error);
        }
    }

    /// <summary>Takes away what a process that ended while it wrote the folder left beside it, and restores the old folder where that is needed.</summary>
    /// <exception cref="CheckpointException">Another process is writing the folder, or there is no permission.</exception>
    internal static void Sweep(string path)
    {
        var names = new Names(path);
        try
        {
            using var held = FileLock.TryAcquire(names.Lock, deleteAfter: true)
                ?? throw new CheckpointException($"{names.Final} is being written by another process");
            RestoreOld(names);
            Delete(names.New);
            Delete(names.Old);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"what lies beside {names.Final} cannot be taken away: {error.Message}", error);
        }
    }

    /// <summary><see cref="Write(string, Action{string}, Func{string, bool}?)"/> with the choice of the way, and a call after each change on the disk, for tests.</summary>
    internal static void Write(string path, Action<string> fill, Func<string, bool>? drop, bool mayExchange, Action? afterStep)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(fill);
        var names = new Names(path);
        if (File.Exists(names.Final))
        {
            throw new CheckpointException($"{names.Final} is a file; a folder is to be written there");
        }

        try
        {
            Directory.CreateDirectory(names.Parent);
            using var held = FileLock.TryAcquire(names.Lock, deleteAfter: true)
                ?? throw new CheckpointException($"{names.Final} is being written by another process");
            RestoreOld(names);
            Delete(names.New);
            Delete(names.Old);
            try
            {
                Directory.CreateDirectory(names.New);
                afterStep?.Invoke();
                fill(names.New);
                afterStep?.Invoke();
                KeepOthers(names, drop);
                Flush(names.New);
                afterStep?.Invoke();
                Replace(names, mayExchange, afterStep);
            }
            finally
            {
                // After an exchange this is the old folder.
                Delete(names.New);
            }

            Delete(names.Old);
            afterStep?.Invoke();
        }
        catch (Exception error) when (FileFault.Is(error))
        {
            throw new CheckpointException($"{names.Final} cannot be written: {FileFault.Say(error)}", error);
        }
    }

    private static void Replace(Names names, bool mayExchange, Action? afterStep)
    {
        if (!Directory.Exists(names.Final))
        {
            Directory.Move(names.New, names.Final);
        }
        else if (!mayExchange || !DurableStorage.TryExchange(names.New, names.Final))
        {
            Directory.Move(names.Final, names.Old);
            afterStep?.Invoke();
            try
            {
                Directory.Move(names.New, names.Final);
            }
            catch
            {
                RestoreOld(names);
                throw;
            }
        }

        DurableStorage.FlushFolder(names.Parent);
        afterStep?.Invoke();
    }

    private static void RestoreOld(Names names)
    {
        if (!Exists(names.Final) && Directory.Exists(names.Old))
        {
            Directory.Move(names.Old, names.Final);
            DurableStorage.FlushFolder(names.Parent);
        }
    }

    // A second name for the same file costs nothing, and a log that is open for appending goes on growing in the new folder.
    private static void KeepOthers(Names names, Func<string, bool>? drop)
    {
        if (!Directory.Exists(names.Final))
        {
            return;
        }

        foreach (var entry in new DirectoryInfo(names.Final).EnumerateFileSystemInfos())
        {
            var kept = Path.Combine(names.New, entry.Name);
            if (!Exists(kept) && !(drop?.Invoke(entry.Name) ?? false))
            {
                Keep(entry, kept);
            }
        }
    }

    private static void Keep(FileSystemInfo entry, string kept)
    {
        if (entry.LinkTarget is { } target)
        {
            // A relative target stays right: the new folder will lie where the old one does.
            _ = entry is DirectoryInfo ? Directory.CreateSymbolicLink(kept, target) : File.CreateSymbolicLink(kept, target);
        }
        else if (entry is DirectoryInfo folder)
        {
            Directory.CreateDirectory(kept);
            foreach (var inner in folder.EnumerateFileSystemInfos())
            {
                Keep(inner, Path.Combine(kept, inner.Name));
            }
        }
        else if (!DurableStorage.TryLink(entry.FullName, kept))
        {
            File.Copy(entry.FullName, kept);
        }
    }

    private static void Flush(string folder)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
            {
                continue;
            }

            if (entry is DirectoryInfo)
            {
                Flush(entry.FullName);
            }
            else
            {
                DurableStorage.FlushFile(entry.FullName);
            }
        }

        DurableStorage.FlushFolder(folder);
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool Exists(string path) => Directory.Exists(path) || File.Exists(path);

    private readonly struct Names
    {
        public Names(string path)
        {
            // Behind a link it is the folder that is replaced, not the link.
            Final = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
            if (Directory.Exists(Final))
            {
                Final = new DirectoryInfo(Final).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Final;
            }

            Parent = Path.GetDirectoryName(Final) ?? throw new CheckpointException($"{Final} cannot be replaced: it is the root of a disk");
            var name = Path.GetFileName(Final);
            New = Path.Combine(Parent, $".{name}.new");
            Old = Path.Combine(Parent, $".{name}.old");
            Lock = Path.Combine(Parent, $".{name}.lock");
        }

        public string Final { get; }

        public string Parent { get; }

        public string New { get; }

        public string Old { get; }

        public string Lock { get; }
    }
}
