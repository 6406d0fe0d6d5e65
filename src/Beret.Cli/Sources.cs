using System.Globalization;
using Beret.Data;
using Beret.Hub;

namespace Beret.Cli;

/// <summary>Data by path or by name, with a download shown as it goes.</summary>
internal static class Sources
{
    public static async Task<DataSource> OpenDataAsync(string nameOrPath, DataOptions options, Terminal terminal, CancellationToken cancellation) =>
        await DataSource.OpenAsync(nameOrPath, (name, token) => FetchDataAsync(name, terminal, token), options, cancellation);

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
        var source = await OpenDataAsync(data, options, terminal, cancellation);
        var training = Load(source, DataSource.Train, terminal, cancellation);
        return (training, validation is not null ? Load(await OpenDataAsync(validation, options, terminal, cancellation), DataSource.Train, terminal, cancellation)
            : source.ValidationSplit is { } own ? Load(source, own, terminal, cancellation) : null);
    }

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
