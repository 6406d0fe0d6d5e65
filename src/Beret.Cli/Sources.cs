using System.Globalization;
using Beret.Data;
using Beret.Hub;

namespace Beret.Cli;

/// <summary>Data by path or by name, with a download shown as it goes.</summary>
internal static class Sources
{
    /// <summary>What stands between the names of several tables that are one data set, where they are written as one name.</summary>
    private const string Between = " + ";

    /// <summary>Several names as one, for people and for a run that goes on; null for none.</summary>
    public static string? Joined(string[]? names) => names is { Length: > 0 } ? string.Join(Between, names) : null;

    /// <summary>The names again.</summary>
    public static string[] Parts(string names) => Path.Exists(names) ? [names] : names.Split(Between);

    /// <param name="namesOrPaths">One name, or several as <see cref="Joined"/> gives them.</param>
    /// <param name="options">How to read them.</param>
    /// <param name="terminal">Has the standard input, which is -.</param>
    /// <param name="cancellation">Stops a download.</param>
    public static async Task<DataSource> OpenDataAsync(string namesOrPaths, DataOptions options, Terminal terminal, CancellationToken cancellation)
    {
        var names = Parts(namesOrPaths);
        return names is [Inputs.StandardInput] ? DataSource.Open(terminal.OpenInput(), Inputs.NameOf(null), options)
            : names.Contains(Inputs.StandardInput) ? throw new BeretException("standard input (-) is a data set by itself: give it without others, or as a file")
            : await DataSource.OpenAsync(names, (name, token) => FetchDataAsync(name, terminal, token), options, cancellation);
    }

    /// <summary>Texts without labels, by path, or those of a data set by name.</summary>
    public static async Task<TextSource> OpenTextsAsync(string nameOrPath, Terminal terminal, CancellationToken cancellation) =>
        TextSource.Open(Path.Exists(nameOrPath) ? nameOrPath : await FetchDataAsync(nameOrPath, terminal, cancellation) ?? nameOrPath);

    /// <summary>Several of them.</summary>
    public static async Task<IReadOnlyList<TextSource>> OpenTextsAsync(IReadOnlyList<string> namesOrPaths, Terminal terminal, CancellationToken cancellation)
    {
        var texts = new TextSource[namesOrPaths.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = await OpenTextsAsync(namesOrPaths[i], terminal, cancellation);
        }

        return texts;
    }

    /// <summary>The labelled texts to learn from and those to be judged on: others that are named, or what the data set has for that, or null.</summary>
    public static async Task<(LabelledTexts Training, LabelledTexts? Validation)> LoadForTrainingAsync(
        string data, string? validation, DataOptions options, Terminal terminal, CancellationToken cancellation)
    {
        if (data == Inputs.StandardInput && validation == Inputs.StandardInput)
        {
            throw new BeretException("standard input (-) can be read once: DATA or --validation, and the other a file");
        }

        var source = await OpenDataAsync(data, options, terminal, cancellation);
        var training = Load(source, DataSource.Train, terminal, cancellation);
        return (training, validation is not null ? Load(await OpenDataAsync(validation, Beside(validation, options), terminal, cancellation), DataSource.Train, terminal, cancellation)
            : source.ValidationSplit is { } own ? Load(source, own, terminal, cancellation) : null);
    }

    /// <summary>The labelled texts that a finished model is evaluated on, or null where none are named.</summary>
    public static async Task<LabelledTexts?> LoadForTestAsync(string? test, DataOptions options, Terminal terminal, CancellationToken cancellation)
    {
        if (test is null)
        {
            return null;
        }

        var source = await OpenDataAsync(test, Beside(test, options), terminal, cancellation);
        return Load(source, source.EvaluationSplit, terminal, cancellation);
    }

    /// <summary>How data is read that is given beside the training texts: it is not split, and what those are written as says nothing of a table whose name says it.</summary>
    private static DataOptions Beside(string path, DataOptions options) => options with
    {
        Table = options.Table with { Group = null },
        Format = options.Format is { } format && DataOptions.TableFormats.Contains(format) && DataOptions.IsTable(path) ? null : options.Format,
    };

    /// <summary>A model by name or path, with a download shown as it goes.</summary>
    public static async Task<ResolvedModel> ResolveModelAsync(string nameOrPath, Terminal terminal, CancellationToken cancellation)
    {
        using var downloader = new Downloader();
        var progress = new Progress(terminal);
        try
        {
            return await new ModelHub(downloader).ResolveAsync(nameOrPath, Downloads(progress, terminal), cancellation);
        }
        finally
        {
            progress.Clear();
        }
    }

    /// <summary>A model where a path is the rule: what lies there goes before a name, and null says that it is no known name either.</summary>
    public static async Task<ResolvedModel?> FindNamedAsync(string pathOrName, Terminal terminal, CancellationToken cancellation) =>
        Path.Exists(pathOrName) || ModelCatalogue.Find(pathOrName) is null ? null : await ResolveModelAsync(pathOrName, terminal, cancellation);

    /// <summary>The archive of a data set that is known by name, or null.</summary>
    private static async Task<string?> FetchDataAsync(string name, Terminal terminal, CancellationToken cancellation)
    {
        if (DatasetCatalogue.Find(name) is not { } entry)
        {
            return null;
        }

        using var downloader = new Downloader();
        var progress = new Progress(terminal);
        var path = await downloader.FetchAsync(entry.Archive, Downloads(progress, terminal), cancellation);
        progress.Clear();
        return path;
    }

    // What varies comes first: a narrow terminal cuts the line's end.
    private static IProgress<DownloadProgress> Downloads(Progress progress, Terminal terminal)
    {
        var hasWaited = false;
        return Progress.Of<DownloadProgress>(state =>
        {
            var file = Path.GetFileName(state.FileName);
            if (state.Stage == DownloadStage.WaitingForOther && !hasWaited)
            {
                hasWaited = true;
                progress.Clear();
                terminal.Say($"another process is downloading {file}; waiting for it");
            }

            var received = string.Create(
                CultureInfo.InvariantCulture, $"{state.Received / 1e6:0.0}{(state.Total is { } total ? $" of {total / 1e6:0.0}" : "")} MB");
            progress.Show(() => state.Stage switch
            {
                DownloadStage.WaitingForOther => $"waiting for the other process: {file}",
                DownloadStage.Pausing => $"trying again in a moment, {received}: {file}",
                DownloadStage.Unpacking => $"unpacking {file}",
                _ => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{received}, {state.BytesPerSecond / 1e6:0.0} MB/s{(state.TimeLeft is { } left ? $", {Progress.Time(left)} left" : "")}: {file}"),
            });
        });
    }

    /// <summary>Loads one split, with its notes said.</summary>
    public static LabelledTexts Load(DataSource source, string split, Terminal terminal, CancellationToken cancellation)
    {
        var progress = new Progress(terminal);
        var texts = source.Load(
            split,
            Progress.Of<LoadProgress>(state => progress.Show(() => string.Create(CultureInfo.InvariantCulture, $"reading {source.Origin}: {state.Texts} texts, {state.Fraction:P0}"))),
            cancellation);
        progress.Clear();
        foreach (var note in texts.Notes)
        {
            terminal.Say(note);
        }

        return texts;
    }
}
