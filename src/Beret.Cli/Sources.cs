using System.Globalization;
using Beret.Data;
using Beret.Hub;

namespace Beret.Cli;

/// <summary>Data by path or by name, with a download shown as it goes.</summary>
internal static class Sources
{
    public static async Task<DataSource> OpenDataAsync(string nameOrPath, Terminal terminal, CancellationToken cancellation) =>
        await DataSource.OpenAsync(
            nameOrPath,
            async (name, token) =>
            {
                if (DatasetCatalogue.Find(name) is not { } entry)
                {
                    return null;
                }

                using var downloader = new Downloader();
                var progress = new Progress(terminal);
                var path = await downloader.FetchAsync(entry.Archive, Downloads(progress), token);
                progress.Clear();
                return path;
            },
            cancellationToken: cancellation);

    /// <summary>Shows a download.</summary>
    public static IProgress<DownloadProgress> Downloads(Progress progress) => Progress.Of<DownloadProgress>(state => progress.Show(() => string.Create(
        CultureInfo.InvariantCulture,
        $"downloading {state.FileName}: {state.Received / 1e6:0.0}{(state.Total is { } total ? $" of {total / 1e6:0.0}" : "")} MB, {state.BytesPerSecond / 1e6:0.0} MB/s{(state.TimeLeft is { } left ? $", {Progress.Time(left)} left" : "")}")));

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
