namespace Beret.Data.Files;

/// <summary>A folder on disk.</summary>
internal sealed class FolderContainer(string path, DataOptions options) : FileContainer(path, options)
{
    private const int DeepestFolder = 64;

    // Links to folders are followed down to the class folders (holder/train/neg), where people make them to put a data set together; not inside
    // these, as Keras.
    private const int DeepestFollowedLink = 3;

    private static readonly EnumerationOptions Everything = new() { AttributesToSkip = 0, IgnoreInaccessible = false, RecurseSubdirectories = false };

    private FileIndex? list;

    public override IReadOnlyList<string> Tables(CancellationToken cancellationToken) =>
        [.. base.Tables(cancellationToken).Order(CodePointOrder.Instance)];

    public override IEnumerable<TableFile> OpenTables(IReadOnlyList<string> names, TableFormat? format, CancellationToken cancellationToken) =>
        names.Select(name => Table(name, format, () => new FileStream(
            Path.Combine(Origin, name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 1 << 16, FileOptions.SequentialScan)));

    public override FileIndex List(CancellationToken cancellationToken)
    {
        if (list is null)
        {
            var index = new FileIndex(Origin, Options);
            Walk(new DirectoryInfo(Origin), "", 1, index, cancellationToken);
            list = index;
        }

        return list;
    }

    protected override void ReadFiles(TextIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var files = List(cancellationToken).Texts.Where(intake.Wants).ToArray();
        for (var i = 0; i < files.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadFile(files[i], intake);
            if ((i + 1) % FilesBetweenReports == 0 || i + 1 == files.Length)
            {
                progress?.Report((i + 1) / (double)files.Length);
            }
        }
    }

    private static void Walk(DirectoryInfo folder, string path, int depth, FileIndex index, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            foreach (var child in folder.EnumerateFileSystemInfos("*", Everything))
            {
                var childPath = EntryPath.Join(path, child.Name);
                if (!child.Attributes.HasFlag(FileAttributes.Directory))
                {
                    index.AddFile(childPath);
                }
                else if (child.Attributes.HasFlag(FileAttributes.ReparsePoint) && !LeadsDown((DirectoryInfo)child, depth))
                {
                    index.AddLink(childPath);
                }
                else
                {
                    index.AddFolder(childPath);
                    if (depth >= DeepestFolder)
                    {
                        throw new DataException($"{Shown.Path(child.FullName)}: the folders are nested more than {DeepestFolder} deep. Is it the " +
                            "folder you meant?");
                    }

                    Walk((DirectoryInfo)child, childPath, depth + 1, index, cancellationToken);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(folder.FullName, e);
        }
    }

    // Whether a link to a folder is followed: near the top, and not to a folder that it lies in itself.
    private static bool LeadsDown(DirectoryInfo link, int depth)
    {
        if (depth > DeepestFollowedLink || link.ResolveLinkTarget(returnFinalTarget: true) is not { } target)
        {
            return false;
        }

        var into = Path.TrimEndingDirectorySeparator(target.FullName) + Path.DirectorySeparatorChar;
        return !(link.FullName + Path.DirectorySeparatorChar).StartsWith(into, StringComparison.Ordinal);
    }

    private void ReadFile(string entry, TextIntake intake)
    {
        var file = new FileInfo(Path.Combine(Origin, entry));
        try
        {
            var real = file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;

            // Also what is no file at all (a pipe, a device) has no length; opening it could wait for ever.
            var size = real.Length;
            if (!intake.Admits(entry, size))
            {
                return;
            }

            if (size == 0)
            {
                intake.Take(entry, []);
                return;
            }

            using var handle = File.OpenHandle(real.FullName, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[size];
            var read = 0;
            while (read < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(read), read) is > 0 and var more)
            {
                read += more;
            }

            intake.Take(entry, read == bytes.Length ? bytes : bytes[..read]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file.FullName, e);
        }
    }
}
