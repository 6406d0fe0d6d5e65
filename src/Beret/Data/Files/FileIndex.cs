namespace Beret.Data.Files;

/// <summary>
/// The names found in a container: its texts (*.txt in either case, as Keras takes them), its folders, its links. Holds to the limits on their number
/// and size.
/// </summary>
internal sealed class FileIndex(string origin, DataOptions options)
{
    private readonly HashSet<string> folders = new(StringComparer.Ordinal);
    private readonly HashSet<string> texts = new(StringComparer.Ordinal);
    private readonly List<string> links = [];
    private readonly List<string> shadows = [];
    private int entries;
    private long characters;

    public string Origin => origin;

    public IReadOnlyCollection<string> Texts => texts;

    public IReadOnlyCollection<string> Folders => folders;

    /// <summary>Links, which an archive read as a stream cannot follow, and in a folder those that lead back up.</summary>
    public IReadOnlyList<string> Links => links;

    /// <summary>Files named <c>._NAME.txt</c> that macOS packs beside the real ones; they hold no text.</summary>
    public IReadOnlyList<string> Shadows => shadows;

    public static bool IsText(ReadOnlySpan<char> path) => path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) && !IsShadow(path);

    public void AddFile(string path)
    {
        CountEntry(path);
        AddParents(path);
        if (IsText(path))
        {
            if (!texts.Add(path))
            {
                throw new DataException($"{origin}: {Shown.Path(path)} is there twice; which one is meant cannot be told. Pack the folder anew.");
            }
        }
        else if (IsShadow(path))
        {
            shadows.Add(path);
        }
    }

    public void AddFolder(string path)
    {
        CountEntry(path);
        if (path.Length > 0 && folders.Add(path))
        {
            AddParents(path);
        }
    }

    public void AddLink(string path)
    {
        CountEntry(path);
        AddParents(path);
        links.Add(path);
    }

    private static bool IsShadow(ReadOnlySpan<char> path) =>
        EntryPath.Name(path).StartsWith("._", StringComparison.Ordinal) && path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase);

    private void AddParents(string path)
    {
        for (var folder = EntryPath.Folder(path); folder.Length > 0; folder = EntryPath.Folder(folder))
        {
            if (!folders.GetAlternateLookup<ReadOnlySpan<char>>().Add(folder))
            {
                return;
            }

            CountCharacters(folder.Length);
        }
    }

    private void CountEntry(string path)
    {
        if (++entries > options.MaxEntries)
        {
            throw new DataException($"{origin} holds more than {Shown.Count(options.MaxEntries)} files and folders, the most that are read. Is it " +
                "the folder you meant?");
        }

        CountCharacters(path.Length);
    }

    private void CountCharacters(int length)
    {
        characters += length;
        if (characters > options.MaxTotalBytes)
        {
            throw new DataException($"{origin}: its file names alone take more than {Shown.Bytes(options.MaxTotalBytes)}, the most that is read.");
        }
    }
}
