using System.Text.RegularExpressions;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>A model's name or path to a folder on the disk, downloaded where it is not there yet.</summary>
/// <param name="downloader">Fetches the files and knows the cache.</param>
public sealed partial class ModelHub(Downloader downloader)
{
    private static readonly string[] PathEndings = [.. ModelArchive.Extensions, "/", ".safetensors", ".bin", ".index", ".json"];

    /// <summary>Where repositories are: <c>BERET_HUB_URL</c> or <c>HF_ENDPOINT</c> where set, else Hugging Face itself.</summary>
    public Uri Endpoint { get; init; } = downloader.Settings.Endpoint;

    /// <summary>
    /// Gives the folder of a model: an existing folder is itself, an existing archive is unpacked into the cache; a name of <see cref="ModelCatalogue"/> and any
    /// <c>owner/name</c> of Hugging Face is looked up in the cache, then in the cache of Hugging Face's own programs, and downloaded where it is in neither. What the
    /// library carries in itself, <c>beret/mini</c>, is put into the cache without a network.
    /// </summary>
    /// <exception cref="HubException">No such folder or model, or it cannot be downloaded; the message says how to do without the download.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the next call goes on where this one ended.</exception>
    public async Task<ResolvedModel> ResolveAsync(string nameOrPath, IProgress<DownloadProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(nameOrPath);
        if (nameOrPath.Any(char.IsControl))
        {
            throw Unknown(nameOrPath, "a name holds no control characters");
        }

        AtomicFolder.Recover(nameOrPath);
        if (Directory.Exists(nameOrPath))
        {
            return new ResolvedModel(nameOrPath, Path.GetFullPath(nameOrPath), LocalModel.SourceOf(nameOrPath));
        }

        if (CheckpointLocator.IsTensorFlow(nameOrPath))
        {
            return new ResolvedModel(nameOrPath, Path.GetFullPath(nameOrPath), ModelSource.TensorFlow);
        }

        if (File.Exists(nameOrPath))
        {
            if (!ModelArchive.IsArchive(nameOrPath))
            {
                throw new HubException(
                    $"{nameOrPath} is a file; the folder of a model is wanted, with its {RepositoryFiles.Config}, vocabulary and weights, a TensorFlow checkpoint, or an archive "
                    + $"({string.Join(", ", ModelArchive.Extensions)})");
            }

            var folder = await new ArchiveFetch(downloader, progress).UnpackLocalAsync(nameOrPath, cancellation).ConfigureAwait(false);
            return new ResolvedModel(nameOrPath, folder, LocalModel.SourceOf(folder));
        }

        return ModelCatalogue.Find(nameOrPath) is { } entry
            ? await ResolveAsync(entry, nameOrPath, progress, cancellation).ConfigureAwait(false)
            : await ResolveRepositoryAsync(nameOrPath, progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>The folder with the files of a known model that is here already, or null.</summary>
    public string? FindCached(ModelEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Embedded is { } embedded
            ? embedded.Find(downloader.Folder)
            : (entry.Archive is null ? null : new ArchiveFetch(downloader, null).Find(entry))
                ?? (entry.Repository is null ? null : FindRepository(entry.Repository));
    }

    /// <summary>Resolves a model of which all is known.</summary>
    internal async Task<ResolvedModel> ResolveAsync(ModelEntry entry, string name, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        if (entry.Embedded is { } embedded)
        {
            return new ResolvedModel(name, await embedded.PlaceAsync(downloader.Folder, progress, cancellation).ConfigureAwait(false), entry.Source);
        }

        var archives = new ArchiveFetch(downloader, progress);
        var folder = FindCached(entry)
            ?? (entry.Archive is null ? null : await archives.UnpackPlacedAsync(entry, cancellation).ConfigureAwait(false))
            ?? await FetchAsync(entry, name, archives, progress, cancellation).ConfigureAwait(false);
        return new ResolvedModel(name, folder, entry.Source);
    }

    // The mirror first, then what the authors published.
    private async Task<string> FetchAsync(
        ModelEntry entry, string name, ArchiveFetch archives, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        HubException? failure = null;
        if (entry.Repository is not null)
        {
            try
            {
                return await FetchRepositoryAsync(entry.Repository, progress, cancellation).ConfigureAwait(false);
            }
            catch (HubException error) when (error.Fault != HubFault.Other)
            {
                failure = error;
            }

            if (entry.Archive is null)
            {
                throw failure.Fault == HubFault.Missing ? Unknown(name, failure.Cause, failure) : NotNow(name, entry.Repository, failure.Cause, failure);
            }
        }

        try
        {
            return await archives.DownloadAsync(entry, cancellation).ConfigureAwait(false);
        }
        catch (HubException error) when (error.Fault != HubFault.Other || error.Status is not null)
        {
            throw failure is null
                ? NotByItself(entry, name, archives, error)
                : NotNow(
                    name, entry.Repository!, $"{failure.Cause}; nor can its authors' archive be had: {error.Cause}", error,
                    $" Or put {entry.Archive} at {archives.ArchiveOf(entry)}.");
        }
    }

    private async Task<ResolvedModel> ResolveRepositoryAsync(string name, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var repository = ModelAddress.RepositoryOf(name);
        if (LooksLikePath(name))
        {
            throw new HubException(
                $"{CheckpointException.Quote(name)} is not there: no file or folder has this path{(name[0] == '~' ? " (~ is not written out here)" : "")}. A model is a folder "
                + "with config.json, vocabulary and weights, an archive of one, or a name; beret models lists the names.");
        }

        if (!RepositoryName().IsMatch(repository) || !Array.TrueForAll(repository.Split('/'), ShardIndex.IsPlainFileName)
            || repository.StartsWith("small_bert/", StringComparison.OrdinalIgnoreCase) || repository.StartsWith(EmbeddedModel.Owner, StringComparison.OrdinalIgnoreCase))
        {
            throw Unknown(name, "there is no such folder, and no model of that name is known");
        }

        if (FindRepository(repository) is { } folder)
        {
            return new ResolvedModel(name, folder, ModelSource.HuggingFace);
        }

        try
        {
            return new ResolvedModel(name, await FetchRepositoryAsync(repository, progress, cancellation).ConfigureAwait(false), ModelSource.HuggingFace);
        }
        catch (HubException error) when (error.Fault == HubFault.Unreachable)
        {
            throw NotNow(name, repository, error.Cause, error, $" Known names that are like it: {string.Join(", ", ModelCatalogue.Nearest(name))}.");
        }
        catch (HubException error) when (error.Fault == HubFault.Missing)
        {
            throw Unknown(name, $"there is no folder of that path, and {error.Cause}", error);
        }
    }

    private async Task<string> FetchRepositoryAsync(string repository, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var fetch = new RepositoryFetch(downloader, Endpoint, repository, progress);
        await fetch.RunAsync(cancellation).ConfigureAwait(false);
        return fetch.Folder;
    }

    private string? FindRepository(string repository)
    {
        var folder = RepositoryFetch.FolderOf(downloader, repository);
        return RepositoryFiles.AreComplete(folder) ? folder : HuggingFaceCache.Find(downloader.Settings.HuggingFaceCache, repository);
    }

    private static bool LooksLikePath(string name) =>
        name[0] is '.' or '~' || Path.IsPathRooted(name) || name.Contains('\\') || PathEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));

    private HubException NotNow(string name, string repository, string cause, HubException error, string advice = "")
    {
        var fetch = new RepositoryFetch(downloader, Endpoint, repository, null);
        return new HubException(
            $"the model {CheckpointException.Quote(name)} is not, or not all of it, in the cache and cannot be downloaded now: {cause}. "
            + $"With a connection, run again: what came is kept. Or put {RepositoryFiles.Config}, the tokenizer's files (vocab.txt or spiece.model, tokenizer.json, "
            + $"tokenizer_config.json, what there is) and the weights ({CheckpointLocator.SingleFile} or {CheckpointLocator.PickleFile}) from {fetch.Page} in {fetch.Folder}.{advice} "
            + "Or give the folder where you have them in place of the name.",
            error)
        { Fault = HubFault.Unreachable };
    }

    private static HubException NotByItself(ModelEntry entry, string name, ArchiveFetch archives, HubException error)
    {
        var kaggle = entry.Kaggle!.Split('/');
        return new HubException(
            $"the model {CheckpointException.Quote(name)} is published on Kaggle alone, which may want an account, and could not be downloaded from there: {error.Cause}. "
            + $"Sign in at https://www.kaggle.com/models/{kaggle[0]}/{kaggle[1]}/tensorFlow2/{kaggle[2]} (https://tfhub.dev/{entry.TensorFlowHub} leads there too), "
            + $"download the archive and put it at {archives.ArchiveOf(entry)}, or what is in it in {archives.FolderOf(entry)}; then run again.",
            error)
        { Fault = error.Fault, Status = error.Status };
    }

    private static HubException Unknown(string name, string why, Exception? inner = null) => new(
        $"the model {CheckpointException.Quote(name)} cannot be used: {why}. Known names that are like it: {string.Join(", ", ModelCatalogue.Nearest(name))}. "
        + "Any owner/name of Hugging Face and the path of a folder with config.json, vocabulary and weights work too.",
        inner);

    [GeneratedRegex(@"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}\z", RegexOptions.ECMAScript)]
    private static partial Regex RepositoryName();
}
