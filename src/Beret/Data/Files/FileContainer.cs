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
    public void Read(TextIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken)
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

    /// <summary>The tables in it, in order; empty where it holds folders of texts, whatever lies beside these.</summary>
    public virtual IReadOnlyList<string> Tables(CancellationToken cancellationToken) =>
        List(cancellationToken)?.Tables ?? [];

    /// <summary>Opens some of its tables one after the other; each can be read until the next is asked for.</summary>
    /// <param name="names">Of <see cref="Tables"/>, in their order.</param>
    /// <param name="format">What they are written as; null: what their names say.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public abstract IEnumerable<TableFile> OpenTables(IReadOnlyList<string> names, TableFormat? format, CancellationToken cancellationToken);

    /// <summary>A table in it.</summary>
    protected TableFile Table(string name, TableFormat? format, Func<Stream> open) =>
        new($"{Origin}/{name}", format ?? TableFile.FormatOf(name)!.Value, open, name);

    /// <summary>Opens a folder or an archive.</summary>
    /// <exception cref="DataException">It is neither, or cannot be read.</exception>
    public static FileContainer Open(string path, DataOptions options) => TryOpen(path, options) ?? throw new DataException(
        $"{Shown.Path(path)} is not a folder, nor an archive that is read (.tar.gz, .tgz, .tar, .zip), " +
        "nor a table (.csv, .tsv, .jsonl, .json). Unpack it and give the folder, pack the folder as one of these, or say what the table is (--format csv), or give it a name that says so.");

    /// <summary>Opens a folder or an archive; null for a file of another kind.</summary>
    /// <exception cref="DataException">There is nothing there, it is empty, or it cannot be read.</exception>
    public static FileContainer? TryOpen(string path, DataOptions options)
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
        int length;
        try
        {
            using var file = File.OpenRead(path);
            length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }

        head = head[..length];
        return head switch
        {
            [0x1F, 0x8B, ..] => new TarContainer(path, compressed: true, options),
            [(byte)'P', (byte)'K', 3, 4, ..] or [(byte)'P', (byte)'K', 5, 6, ..] => new ZipContainer(path, options),
            _ when TarReader.IsHeader(head) => new TarContainer(path, compressed: false, options),
            [] => throw new DataException($"{Shown.Path(path)} is empty. Download or pack it again."),
            _ => null,
        };
    }

    protected abstract void ReadFiles(TextIntake intake, FileIndex? index, IProgress<double>? progress, CancellationToken cancellationToken);

    protected static DataException Unreadable(string path, Exception e) => new($"{Shown.Path(path)} cannot be read: {e.Message}", e);
}
