namespace Beret.Data.Files;

/// <summary>A tree of files that is read from front to back: a folder, a zip, a tar.</summary>
internal abstract class FileContainer(string path, DataOptions options)
{
    protected const int FilesBetweenReports = 256;

    public string Origin => path;

    protected DataOptions Options => options;

    /// <summary>The names of all files, where they can be had without reading the files; else null, and <see cref="Read"/> collects them.</summary>
    public abstract FileIndex? List(CancellationToken cancellationToken);

    /// <summary>
    /// Goes through all files once, up to the last that is wanted where that is known, and else to the end, checking that it is sound.
    /// </summary>
    /// <param name="intake">Says which texts are wanted, and receives them.</param>
    /// <param name="index">Where it is not null, receives the names of all files.</param>
    /// <param name="progress">Told now and then the share of the container gone through.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public void Read(IFileIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        try
        {
            ReadFiles(intake, index, progress, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    public static FileContainer Open(string path, DataOptions options)
    {
        if (Directory.Exists(path))
        {
            return new FolderContainer(path, options);
        }

        if (!File.Exists(path))
        {
            throw new DataException($"There is no file or folder {Shown.Path(path)}, or none that may be looked at. Give the path of a folder of " +
                "class folders, or of an archive of one (.tar.gz, .tgz, .tar, .zip).");
        }

        Span<byte> head = stackalloc byte[TarReader.BlockSize];
        head = head[..ReadHead(path, head)];
        return head switch
        {
            _ when IsGzip(head) => new TarContainer(path, compressed: true, options),
            _ when IsZip(head) => new ZipContainer(path, options),
            _ when TarReader.IsHeader(head) => new TarContainer(path, compressed: false, options),
            [] => throw new DataException($"{Shown.Path(path)} is empty. Download or pack it again."),
            _ => throw new DataException(
                $"{Shown.Path(path)} is not a folder, nor an archive that is read (.tar.gz, .tgz, .tar, .zip). " +
                "Unpack it and give the folder, or pack the folder as one of these."),
        };
    }

    /// <summary>Whether a file is an archive of a kind that is read, by its first bytes.</summary>
    public static bool IsArchive(string path)
    {
        Span<byte> head = stackalloc byte[TarReader.BlockSize];
        head = head[..ReadHead(path, head)];
        return IsGzip(head) || IsZip(head) || TarReader.IsHeader(head);
    }

    protected abstract void ReadFiles(IFileIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken);

    protected static DataException Unreadable(string path, Exception e) => new($"{Shown.Path(path)} cannot be read: {e.Message}", e);

    private static bool IsGzip(ReadOnlySpan<byte> head) => head is [0x1F, 0x8B, ..];

    private static bool IsZip(ReadOnlySpan<byte> head) => head is [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..];

    private static int ReadHead(string path, Span<byte> head)
    {
        try
        {
            using var file = File.OpenRead(path);
            return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }
}
