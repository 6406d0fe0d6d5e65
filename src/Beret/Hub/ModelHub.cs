using System.Net;
using System.Text.RegularExpressions;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>A model's name or path to a folder on the disk, downloaded where it is not there yet.</summary>
/// <param name="downloader">Fetches the files and knows the cache.</param>
public sealed partial class ModelHub(Downloader downloader)
{
    /// <summary>The environment variable that names a mirror of Hugging Face, as Hugging Face's own programs have it.</summary>
    public const string EndpointVariable = "HF_ENDPOINT";

    private const string Index = CheckpointLocator.IndexFile;
    private const string Config = "config.json";

    // A repository has some of these; at least one of the vocabularies is needed.
    private static readonly string[] Vocabularies = ["vocab.txt", "tokenizer.json", "spiece.model"];
    private static readonly string[] TokenizerFiles = [.. Vocabularies, "tokenizer_config.json", "special_tokens_map.json"];

    // What only TensorFlow's formats have.
    private static readonly string[] TensorFlowFiles = ["saved_model.pb", "bert_config.json", "albert_config.json"];

    /// <summary>Where repositories are: <c>HF_ENDPOINT</c> where set, else Hugging Face itself.</summary>
    public Uri Endpoint { get; init; } = FindEndpoint();

    /// <summary>
    /// Gives the folder of a model: an existing folder is itself; a name of <see cref="ModelCatalogue"/> and any <c>owner/name</c> of Hugging Face is looked up
    /// in the cache and downloaded where it is not complete there.
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
            return new ResolvedModel(nameOrPath, Path.GetFullPath(nameOrPath), SourceOf(nameOrPath));
        }

        // An archive, or a TensorFlow checkpoint by its index or prefix: whoever opens it sees which.
        if (CheckpointLocator.IsFile(nameOrPath))
        {
            return new ResolvedModel(nameOrPath, Path.GetFullPath(nameOrPath), ModelSource.HuggingFace);
        }

        var entry = ModelCatalogue.Find(nameOrPath) ?? FromRepositoryName(nameOrPath);
        return new ResolvedModel(nameOrPath, await FetchRepositoryAsync(entry, progress, cancellation).ConfigureAwait(false), entry.Source);
    }

    /// <summary>The cache folder of a repository.</summary>
    internal string FolderOf(string repository) => Path.Combine([downloader.Folder, "models", .. repository.Split('/')]);

    private static Uri FindEndpoint()
    {
        var mirror = Environment.GetEnvironmentVariable(EndpointVariable) is { Length: > 0 } set ? set : "https://huggingface.co";
        return Uri.TryCreate(mirror, UriKind.Absolute, out var endpoint)
            ? endpoint
            : throw new HubException($"{EndpointVariable} is {CheckpointException.Quote(mirror)}, which is not an address such as https://huggingface.co");
    }

    private static ModelSource SourceOf(string folder) =>
        TensorFlowFiles.Any(name => File.Exists(Path.Combine(folder, name))) ? ModelSource.TensorFlow : ModelSource.HuggingFace;

    private static ModelEntry FromRepositoryName(string name)
    {
        var repository = name.StartsWith("https://huggingface.co/", StringComparison.OrdinalIgnoreCase) ? name["https://huggingface.co/".Length..].TrimEnd('/') : name;
        return RepositoryName().IsMatch(repository) && Array.TrueForAll(repository.Split('/'), ShardIndex.IsPlainFileName)
            ? new ModelEntry(name, repository, ModelSource.HuggingFace)
            : throw Unknown(name, "there is no such folder, and no model of that name is known");
    }

    private async Task<string> FetchRepositoryAsync(ModelEntry entry, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var folder = FolderOf(entry.Repository);
        if (IsComplete(folder))
        {
            return folder;
        }

        try
        {
            await FetchConfigAsync(entry, progress, cancellation).ConfigureAwait(false);
            foreach (var file in TokenizerFiles)
            {
                await TryFetchAsync(entry, file, progress, cancellation).ConfigureAwait(false);
            }

            if (!HasVocabulary(folder))
            {
                throw Unknown(entry.Name, $"its repository holds no vocabulary ({string.Join(", ", Vocabularies)})");
            }

            // The weights come last: where they are, everything else is.
            await FetchWeightsAsync(entry, folder, progress, cancellation).ConfigureAwait(false);
            return folder;
        }
        catch (HubException error) when (error.IsUnreachable)
        {
            throw new HubException(
                $"the model {CheckpointException.Quote(entry.Name)} is not, or not all of it, in the cache and cannot be downloaded now ({error.InnerException?.Message}). "
                + $"With a connection, run again: what came is kept. Or put {Config}, {CheckpointLocator.SingleFile} and what there is of {string.Join(", ", TokenizerFiles)} "
                + $"from {AddressOf(entry, "")} in {folder}; or give the folder where you have them in place of the name.",
                error);
        }
    }

    private async Task FetchConfigAsync(ModelEntry entry, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            await downloader.FetchAsync(Spec(entry, Config), progress, cancellation).ConfigureAwait(false);
        }
        catch (HubException error) when (error.Status is HttpStatusCode.NotFound or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            // Hugging Face answers "unauthorized" for what does not exist, so that nobody learns what is private.
            throw Unknown(entry.Name, $"{Endpoint.Host} has no such model with a {Config}, or it is not public", error);
        }
    }

    private async Task FetchWeightsAsync(ModelEntry entry, string folder, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        if (await TryFetchAsync(entry, CheckpointLocator.SingleFile, progress, cancellation).ConfigureAwait(false))
        {
            return;
        }

        if (!await TryFetchAsync(entry, Index, progress, cancellation).ConfigureAwait(false))
        {
            throw Unknown(entry.Name, $"its repository holds no safetensors weights ({CheckpointLocator.SingleFile})");
        }

        foreach (var shard in ShardIndex.Read(Path.Combine(folder, Index)).Shards)
        {
            await downloader.FetchAsync(Spec(entry, shard), progress, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> TryFetchAsync(ModelEntry entry, string file, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        try
        {
            await downloader.FetchAsync(Spec(entry, file), progress, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (HubException error) when (error.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private DownloadSpec Spec(ModelEntry entry, string file) =>
        new(AddressOf(entry, $"/resolve/main/{Uri.EscapeDataString(file)}"), $"models/{entry.Repository}/{file}");

    private Uri AddressOf(ModelEntry entry, string rest) => new($"{Endpoint.AbsoluteUri.TrimEnd('/')}/{entry.Repository}{rest}");

    private static bool IsComplete(string folder)
    {
        if (!File.Exists(Path.Combine(folder, Config)) || !HasVocabulary(folder))
        {
            return false;
        }

        if (File.Exists(Path.Combine(folder, CheckpointLocator.SingleFile)))
        {
            return true;
        }

        var index = Path.Combine(folder, Index);
        return File.Exists(index) && ShardIndex.Read(index).Shards.All(shard => File.Exists(Path.Combine(folder, shard)));
    }

    private static bool HasVocabulary(string folder) => Vocabularies.Any(file => File.Exists(Path.Combine(folder, file)));

    private static HubException Unknown(string name, string why, Exception? inner = null) => new(
        $"the model {CheckpointException.Quote(name)} cannot be used: {why}. Known names that are like it: {string.Join(", ", ModelCatalogue.Nearest(name))}. "
        + "Any owner/name of Hugging Face and the path of a folder with config.json, vocabulary and weights work too.",
        inner);

    [GeneratedRegex(@"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}\z", RegexOptions.ECMAScript)]
    private static partial Regex RepositoryName();
}
