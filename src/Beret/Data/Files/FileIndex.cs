namespace Beret.Data.Files;

/// <summary>
/// The names found in a container: its texts (*.txt in either case, as Keras takes them), its tables, its folders, its links. Holds to the limits on their
/// number and size.
/// </summary>
internal sealed class FileIndex(string origin, DataOptions options)
{
    private readonly HashSet<string> folders = new(StringComparer.Ordinal);
    private readonly HashSet<string> texts = new(StringComparer.Ordinal);
    private readonly List<string> tables = [];
    private readonly HashSet<string> namesOfTables = new(StringComparer.Ordinal);
    private readonly HashSet<string> foldersOfTexts = new(StringComparer.Ordinal);
    private readonly List<string> links = [];
    private readonly List<string> shadows = [];
    private int entries;
    private long characters;

    public string Origin => origin;

    public IReadOnlyCollection<string> Texts => texts;

    public IReadOnlyCollection<string> Folders => folders;

    /// <summary>
    /// The tables that a data set is made of, in the order in which they were found: those that lie in one place, or in folders called after parts. Empty where there are folders of texts,
    /// or several folders side by side as those of classes are: then tables are notes on them.
    /// </summary>
    public IReadOnlyList<string> Tables => HasTextFolders || tables.Exists(LiesAmongClasses) ? [] : tables;

    /// <summary>Whether there is any table, whatever it is.</summary>
    public bool HasTables => tables.Count > 0;

    /// <summary>Whether texts lie in several folders, as those of classes do; a lone one beside tables is a note on them.</summary>
    public bool HasTextFolders => foldersOfTexts.Count > 1;

    /// <summary>Links, which an archive read as a stream cannot follow, and in a folder those that lead back up.</summary>
    public IReadOnlyList<string> Links => links;

    /// <summary>Files named <c>._NAME.txt</c> that macOS packs beside the real ones; they hold no text.</summary>
    public IReadOnlyList<string> Shadows => shadows;

    /// <summary>Whether a file is a table by its name, and none that is hidden.</summary>
    public static bool IsTable(string path) => TableFile.FormatOf(path) is not null && !path.Split('/').Any(part => part is "__MACOSX" or ['.', ..]);

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

            if (!foldersOfTexts.GetAlternateLookup<ReadOnlySpan<char>>().Contains(EntryPath.Folder(path)) && path.Contains('/'))
            {
                foldersOfTexts.Add(EntryPath.Folder(path).ToString());
            }
        }
        else if (IsTable(path))
        {
            if (!namesOfTables.Add(path))
            {
                throw new DataException($"{origin}: {Shown.Path(path)} is there twice; which one is meant cannot be told. Pack the folder anew.");
            }

            tables.Add(path);
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

    private bool LiesAmongClasses(string table)
    {
        var folder = EntryPath.Folder(table).ToString();
        return folder.Length > 0 && TableSource.PartOf(table) is null
            && folders.Any(other => other != folder && other.Length > 0 && EntryPath.Name(other) is not ['.', ..] and not "__MACOSX" && EntryPath.Folder(other).SequenceEqual(EntryPath.Folder(folder)));
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
