using Beret.Data.Files;

namespace Beret.Data;

/// <summary>
/// A data set that can be loaded: a folder of class folders, a folder with <c>train</c> and <c>test</c> each holding class folders (as the IMDB
/// reviews), or an archive of either (.tar.gz, .tgz, .tar, .zip), which is read as a stream without being unpacked; or a table with a text and a label
/// in each row (.csv, .tsv, .jsonl, and these with .gz behind); or the folder or archive of a GLUE task. Not thread-safe.
/// </summary>
public abstract class DataSource
{
    /// <summary>The name of the split with the training texts.</summary>
    public const string Train = "train";

    /// <summary>The name of the split with the test texts.</summary>
    public const string Test = "test";

    /// <summary>The name of the only split of a data set that has no <c>train</c> and <c>test</c>.</summary>
    public const string All = "all";

    private protected DataSource(string origin) => Origin = origin;

    /// <summary>Where the data lies: the path that was opened.</summary>
    public string Origin { get; }

    /// <summary>The split that is meant for validation; null where a part of the training texts is taken for it.</summary>
    public virtual string? ValidationSplit => null;

    /// <summary>The split that a model is judged on unless another is named.</summary>
    public virtual string EvaluationSplit => Test;

    /// <summary>
    /// The splits that the data set has: <see cref="Train"/>, <see cref="Test"/> or both, or else only <see cref="All"/>. The first call on a
    /// compressed tar reads it through (about a second for the IMDB reviews); <see cref="Load(string, IProgress{LoadProgress}?, CancellationToken)"/>
    /// alone does not need it.
    /// </summary>
    /// <exception cref="DataException">The data cannot be read, or holds no class folders.</exception>
    public abstract IReadOnlyList<string> Splits(CancellationToken cancellationToken = default);

    /// <summary>
    /// Loads one split. Where the data set has no <c>train</c> and <c>test</c> folders, <see cref="Train"/> and <see cref="Test"/> give all of it,
    /// and a note says so.
    /// </summary>
    /// <param name="split">The name of the split: one of <see cref="Splits"/>.</param>
    /// <param name="progress">Told now and then how far the reading is.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="DataException">The split is not there, is empty or has one class only; a file cannot be read, is too large or is not
    /// UTF-8.</exception>
    public LabelledTexts Load(string split, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Load([split], progress, cancellationToken)[0];

    /// <summary>Loads several splits in one pass over the data.</summary>
    /// <returns>One set of texts for each name, in their order.</returns>
    /// <inheritdoc cref="Load(string, IProgress{LoadProgress}?, CancellationToken)"/>
    public abstract IReadOnlyList<LabelledTexts> Load(
        IReadOnlyList<string> splits, IProgress<LoadProgress>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Opens a folder, an archive or a table. An archive is told by its content, a table by its name.</summary>
    /// <param name="path">The folder, archive or table.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <exception cref="DataException">There is no such file or folder, it cannot be read, or it is not an archive of a kind that is
    /// read.</exception>
    public static DataSource Open(string path, DataOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        options ??= DataOptions.Default;
        if (options.Format is { } name)
        {
            return new GlueSource(
                path, GlueTask.Find(name) ?? throw new DataException($"there is no data format {Shown.Path(name)}; there are {string.Join(", ", GlueTask.All.Select(task => task.Name))}"), options);
        }

        if (GlueSource.Recognize(path) is { } task)
        {
            return new GlueSource(path, task, options);
        }

        if (TableFile.FormatOf(path) is { } format && File.Exists(path))
        {
            return new TableSource(new TableFile(path, format), options);
        }

        return new ClassFolderSource(FileContainer.Open(path, options), options);
    }

    /// <summary>Opens a folder, an archive or a table, or a data set known by name, such as <c>imdb</c>. A file or folder of that name comes first.</summary>
    /// <param name="nameOrPath">A path, or a name.</param>
    /// <param name="resolve">Gives the path of the data set of a name, downloading it where needed, or null when it does not know the name.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the download.</param>
    /// <exception cref="DataException">As <see cref="Open"/>, and when the name is not known.</exception>
    public static async Task<DataSource> OpenAsync(
        string nameOrPath,
        Func<string, CancellationToken, Task<string?>> resolve,
        DataOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(nameOrPath);
        ArgumentNullException.ThrowIfNull(resolve);
        if (Path.Exists(nameOrPath))
        {
            return Open(nameOrPath, options);
        }

        if (GlueTask.Find(nameOrPath) is { } glue)
        {
            throw new DataException(
                $"{glue.Name} is what the texts of GLUE's {glue.Folder} are called, and they are not downloaded. Give the path of their folder, or of their zip archive, and --format {glue.Name} where the folder is not called {glue.Folder}.");
        }

        return await resolve(nameOrPath, cancellationToken).ConfigureAwait(false) is { } path
            ? Open(path, options)
            : throw new DataException(
                $"{Shown.Path(nameOrPath)} is neither a file or folder nor a data set known by name. Give the path of a folder of class folders, " +
                "or of an archive of one (.tar.gz, .tgz, .tar, .zip), or of a table (.csv, .tsv, .jsonl).");
    }
}
