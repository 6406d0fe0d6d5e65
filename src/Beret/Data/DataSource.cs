using Beret.Data.Files;

namespace Beret.Data;

/// <summary>
/// A data set that can be loaded: a folder of class folders, a folder with <c>train</c> and <c>test</c> each holding class folders (as the IMDB
/// reviews), or an archive of either (.tar.gz, .tgz, .tar, .zip), which is read as a stream without being unpacked; or tables with a text and a label
/// in each row (.csv, .tsv, .jsonl, .json, and these with .gz behind), one or several, by themselves or in a folder or an archive; or the folder or archive of a GLUE task.
/// Not thread-safe.
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

    /// <summary>
    /// Opens a folder, an archive or a table. An archive is told by its content, a table by its name. A path with wildcards (<c>*</c>, <c>?</c>, and <c>**</c> for any folders) stands
    /// for the tables that it matches.
    /// </summary>
    /// <param name="path">The folder, archive or table.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <exception cref="DataException">There is no such file or folder, it cannot be read, or it is not an archive of a kind that is
    /// read.</exception>
    public static DataSource Open(string path, DataOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Open([path], options);
    }

    /// <summary>Opens several tables, or folders or archives of tables, as one data set, in the order in which they are given and each once; or one source of any kind.</summary>
    /// <param name="paths">Their paths, at least one, of which each may have wildcards; the tables that these match come in the order of their paths.</param>
    /// <param name="options">How to read them; null for the defaults.</param>
    /// <exception cref="DataException">As for a single path; and where one of several is no table and holds none.</exception>
    public static DataSource Open(IReadOnlyList<string> paths, DataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentOutOfRangeException.ThrowIfZero(paths.Count, nameof(paths));
        options ??= DataOptions.Default;
        string[] all = [.. paths.SelectMany(Expanded).DistinctBy(Path.GetFullPath)];
        return all is [var only] ? OpenOne(only, options) : new TableSource([.. all.Select(path => TableSet.At(path, options) ?? throw NoTable(path))], options);

        static IReadOnlyList<string> Expanded(string path) =>
            !Glob.IsPattern(path) ? [path]
            : Glob.Expand(path) is { Count: > 0 } found ? found
            : throw new DataException($"no file matches {Shown.Path(path)}.");

        static DataException NoTable(string path) => new(Path.Exists(path)
            ? $"{Shown.Path(path)} is no table (.csv, .tsv, .jsonl, .json) and holds none, and only tables can be put together to one data set."
            : $"There is no file or folder {Shown.Path(path)}, or none that may be looked at.");
    }

    /// <summary>Opens the table in a stream, such as standard input. It can be loaded once.</summary>
    /// <param name="stream">The table; it is closed when it has been read.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="options">How to read it; <see cref="DataOptions.Format"/> says what it is written as.</param>
    /// <exception cref="DataException">It is not said what the table is written as.</exception>
    public static DataSource Open(Stream stream, string name, DataOptions options)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(options);
        return new TableSource([TableSet.In(stream, name, FormatOf(name, options))], options);
    }

    private static TableFormat FormatOf(string stream, DataOptions options) =>
        options.Format is { } given && TableFile.Formats.TryGetValue(given, out var format) ? format
        : throw new DataException($"{stream} has no name that says what it is: add --format, which is {string.Join(", ", DataOptions.TableFormats.SkipLast(1))} or {DataOptions.TableFormats[^1]}.");

    private static DataSource OpenOne(string path, DataOptions options)
    {
        if (options.Format is { } name && !TableFile.Formats.ContainsKey(name))
        {
            return new GlueSource(
                path, GlueTask.Find(name) ?? throw new DataException($"there is no data format {Shown.Path(name)}; there are {string.Join(", ", DataOptions.TableFormats.Concat(GlueTask.All.Select(task => task.Name)))}"), options);
        }

        if (options.Format is null && GlueSource.Recognize(path) is { } task)
        {
            return new GlueSource(path, task, options);
        }

        return TableSet.At(path, options) is { } table ? new TableSource([table], options) : new ClassFolderSource(FileContainer.Open(path, options), options);
    }

    /// <summary>Opens a folder, an archive or a table, or a data set known by name, such as <c>imdb</c>; or several tables. A file or folder of that name comes first.</summary>
    /// <param name="namesOrPaths">A name, or paths as <see cref="Open(IReadOnlyList{string}, DataOptions?)"/> takes them.</param>
    /// <param name="resolve">Gives the path of the data set of a name, downloading it where needed, or null when it does not know the name.</param>
    /// <param name="options">How to read it; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the download.</param>
    /// <exception cref="DataException">As <see cref="Open(IReadOnlyList{string}, DataOptions?)"/>, and when a name is not known.</exception>
    public static async Task<DataSource> OpenAsync(
        IReadOnlyList<string> namesOrPaths,
        Func<string, CancellationToken, Task<string?>> resolve,
        DataOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(namesOrPaths);
        ArgumentNullException.ThrowIfNull(resolve);
        var paths = new string[namesOrPaths.Count];
        for (var i = 0; i < paths.Length; i++)
        {
            paths[i] = await PathOf(namesOrPaths[i]).ConfigureAwait(false);
        }

        return Open(paths, options);

        async Task<string> PathOf(string nameOrPath)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(nameOrPath);
            return Path.Exists(nameOrPath) || Glob.IsPattern(nameOrPath) ? nameOrPath
                : GlueTask.Find(nameOrPath) is { } glue ? throw new DataException(
                    $"{glue.Name} is what the texts of GLUE's {glue.Folder} are called, and they are not downloaded. Give the path of their folder, or of their zip archive, and --format {glue.Name} where the folder is not called {glue.Folder}.")
                : await resolve(nameOrPath, cancellationToken).ConfigureAwait(false)
                ?? throw new DataException(
                    $"{Shown.Path(nameOrPath)} is neither a file or folder nor a data set known by name. Give the path of a folder of class folders, " +
                    "or of an archive of one (.tar.gz, .tgz, .tar, .zip), or of a table (.csv, .tsv, .jsonl, .json).");
        }
    }

    /// <summary>Opens one folder, archive or table, or a data set known by name.</summary>
    /// <inheritdoc cref="OpenAsync(IReadOnlyList{string}, Func{string, CancellationToken, Task{string?}}, DataOptions?, CancellationToken)"/>
    /// <param name="nameOrPath">A name, or a path.</param>
    public static Task<DataSource> OpenAsync(
        string nameOrPath,
        Func<string, CancellationToken, Task<string?>> resolve,
        DataOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(nameOrPath);
        return OpenAsync([nameOrPath], resolve, options, cancellationToken);
    }
}
