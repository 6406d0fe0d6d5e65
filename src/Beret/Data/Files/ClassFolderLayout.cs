namespace Beret.Data.Files;

/// <summary>The classes and files of one split.</summary>
/// <param name="Folder">The path of the folder that holds the class folders.</param>
/// <param name="Labels">The class names, in Keras' order.</param>
/// <param name="Files">The paths of the texts of each class, in Keras' order.</param>
/// <param name="Notes">What was left out.</param>
internal sealed record SplitFiles(
    string Folder, IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<string>> Files, IReadOnlyList<string> Notes);

/// <summary>
/// Which folders are classes and which files are their texts, as Keras' <c>text_dataset_from_directory</c> sees a folder: the visible subfolders in
/// sorted order are the classes, every *.txt below one of them is a text of it, by folder and by name. Above that, a folder of <c>train</c> and
/// <c>test</c> is told from a folder of classes.
/// </summary>
internal sealed class ClassFolderLayout
{
    private const int DeepestRoot = 4;
    private const string Unlabelled = "unsup";

    private readonly FileIndex index;
    private readonly ILookup<string, string> children;

    private ClassFolderLayout(FileIndex index)
    {
        this.index = index;
        children = index.Folders
            .Where(folder => IsVisible(EntryPath.Name(folder)))
            .ToLookup(folder => EntryPath.Folder(folder).ToString(), folder => EntryPath.Name(folder).ToString(), StringComparer.Ordinal);
        Root = FindRoot();
        var named = new[] { DataSource.Train, DataSource.Test }.Where(name => HoldsFolders(EntryPath.Join(Root, name))).ToArray();
        Splits = named.Length > 0 ? named : [DataSource.All];
    }

    /// <summary>The path of the folder below which a text's source is told.</summary>
    public string Root { get; }

    public IReadOnlyList<string> Splits { get; }

    /// <exception cref="DataException">There are no class folders.</exception>
    public static ClassFolderLayout Find(FileIndex index)
    {
        var layout = new ClassFolderLayout(index);
        if (!layout.children[layout.Root].Any())
        {
            var loose = index.Texts.Count > 0
                ? $"it has {Shown.Count(index.Texts.Count, "text file")}, but none in a folder named after its class"
                : "it has no folders";
            throw new DataException(
                $"{index.Origin} holds no class folders: {loose}. Make one folder for each class (neg/, pos/) with the texts as .txt files in it, " +
                "or put such folders below train/ and test/.");
        }

        return layout;
    }

    /// <summary>
    /// The texts that may be trained on without labels, in the order of their names: where there are <c>train</c> and <c>test</c>, all in the folders below <c>train</c>
    /// (what lies beside these folders are lists and notes), otherwise all.
    /// </summary>
    /// <exception cref="DataException">There are none.</exception>
    public static IReadOnlyList<string> TrainingTexts(FileIndex index)
    {
        var layout = new ClassFolderLayout(index);
        var train = EntryPath.Join(layout.Root, DataSource.Train);
        var texts = layout.Splits.Contains(DataSource.Train) ? index.Texts.Where(text => ClassOf(text, train) is not null)
            : layout.Splits.Contains(DataSource.All) ? index.Texts
            : throw new DataException($"{index.Origin} has a folder of test texts and none of training texts (train/); test texts are not trained on.");
        var sorted = texts.Order(CodePointOrder.Instance).ToArray();
        return sorted.Length > 0 ? sorted : throw new DataException($"{index.Origin} holds no text files (.txt); each of them is one text.");
    }

    /// <summary>A text's source: its path below the root.</summary>
    public string Source(string path) => Root.Length == 0 ? path : path[(Root.Length + 1)..];

    public SplitFiles Split(string name)
    {
        var folder = name == DataSource.All ? Root : EntryPath.Join(Root, name);
        var files = children[folder].ToDictionary(label => label, _ => new List<string>(), StringComparer.Ordinal);
        foreach (var text in index.Texts)
        {
            if (ClassOf(text, folder) is { } label && files.TryGetValue(label, out var list))
            {
                list.Add(text);
            }
        }

        CheckLinks(folder);
        var notes = new List<string>();

        // The tutorial removes train/unsup, the IMDB archive's 50,000 reviews without a label, before it reads the folder.
        if (files.ContainsKey("neg") && files.ContainsKey("pos") && files.Remove(Unlabelled, out var unlabelled))
        {
            notes.Add($"{Shown.Path(Source(EntryPath.Join(folder, Unlabelled)))} ({Shown.Count(unlabelled.Count, "text")} without a label) is not " +
                "a class and is left out.");
        }

        foreach (var empty in files.Where(pair => pair.Value.Count == 0).Select(pair => pair.Key).Order(CodePointOrder.Instance).ToArray())
        {
            files.Remove(empty);
            notes.Add($"{Shown.Path(Source(EntryPath.Join(folder, empty)))} holds no .txt files and is left out.");
        }

        if (name != DataSource.All)
        {
            notes.AddRange(children[Root]
                .Where(beside => !Splits.Contains(beside) && HoldsFolders(EntryPath.Join(Root, beside)))
                .Order(CodePointOrder.Instance)
                .Select(beside => $"{Shown.Path(beside)} is neither train nor test and is left out."));
        }

        if (index.Shadows.Count > 0)
        {
            notes.Add($"{Shown.Count(index.Shadows.Count, "file")} named ._*, of the kind that macOS writes beside the real ones, left out.");
        }

        var labels = files.Keys.Order(CodePointOrder.Instance).ToArray();
        foreach (var list in files.Values)
        {
            list.Sort(EntryPath.CompareAsKeras);
        }

        return new SplitFiles(folder, labels, [.. labels.Select(label => files[label])], notes);
    }

    // Keras passes over folders that begin with a dot; __MACOSX is what macOS adds to a zip.
    private static bool IsVisible(ReadOnlySpan<char> folder) =>
        !folder.StartsWith(".", StringComparison.Ordinal) && !folder.SequenceEqual("__MACOSX");

    private static string? ClassOf(string path, string folder)
    {
        var start = folder.Length == 0 ? 0 : folder.Length + 1;
        if (start > 0 && !(path.StartsWith(folder, StringComparison.Ordinal) && path[folder.Length] == '/'))
        {
            return null;
        }

        var end = path.IndexOf('/', start);
        return end < 0 ? null : path[start..end];
    }

    private bool HoldsFolders(string folder) => children[folder].Any();

    // Down through folders that hold one folder only (aclImdb/), to the one that holds train/ and test/, or the classes.
    private string FindRoot()
    {
        var root = "";
        for (var depth = 0; depth < DeepestRoot; depth++)
        {
            if (HoldsFolders(EntryPath.Join(root, DataSource.Train)) || HoldsFolders(EntryPath.Join(root, DataSource.Test)))
            {
                break;
            }

            var within = children[root].Take(2).ToArray();
            if (within.Length != 1 || !HoldsFolders(EntryPath.Join(root, within[0])))
            {
                break;
            }

            root = EntryPath.Join(root, within[0]);
        }

        return root;
    }

    // A link in the place of a text or of a class folder would be a text or a class missed.
    private void CheckLinks(string folder)
    {
        foreach (var link in index.Links)
        {
            var name = EntryPath.Name(link);
            var isClass = EntryPath.Folder(link).SequenceEqual(folder) && !name.Contains('.');
            if (isClass || (ClassOf(link, folder) is not null && FileIndex.IsText(link)))
            {
                throw new DataException(
                    $"{Shown.Path(link)} in {index.Origin} is a link or a special file and is not read. Put the files themselves there (tar: " +
                    "--dereference --hard-dereference), or remove it.");
            }
        }
    }
}
