using System.Net;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>Brings the files of a Hugging Face repository into the cache.</summary>
internal sealed class RepositoryFetch(Downloader downloader, Uri endpoint, string repository, IProgress<DownloadProgress>? progress)
{
    private const string MainBranch = "main";
    private const int LargestListing = 16 << 20;

    private RepositoryListing? listing;

    /// <summary>Its place in the cache.</summary>
    public string Folder { get; } = FolderOf(downloader, repository);

    /// <summary>Its page.</summary>
    public Uri Page => AddressOf("");

    public static string FolderOf(Downloader downloader, string repository) => Path.Combine([downloader.Folder, "models", .. repository.Split('/')]);

    /// <summary>Downloads what is not there yet.</summary>
    /// <exception cref="HubException">The hub cannot be reached, has no such repository, or what it has is no model.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        listing = await ListAsync(cancellation).ConfigureAwait(false);
        if (!await FetchConfigAsync(cancellation).ConfigureAwait(false))
        {
            throw Missing($"its repository holds no {RepositoryFiles.Config}");
        }

        foreach (var file in RepositoryFiles.Tokenizer)
        {
            await TryFetchAsync(file, cancellation).ConfigureAwait(false);
        }

        if (!RepositoryFiles.HasVocabulary(Folder))
        {
            throw Missing($"its repository holds no vocabulary ({string.Join(", ", RepositoryFiles.Vocabularies)})");
        }

        // The weights come last: where they are, everything else is.
        foreach (var weights in RepositoryFiles.Weights)
        {
            if (await TryFetchAsync(weights.Name, cancellation).ConfigureAwait(false))
            {
                await FetchShardsAsync(weights, cancellation).ConfigureAwait(false);
                return;
            }
        }

        throw Missing($"its repository holds no weights ({string.Join(", ", RepositoryFiles.Weights.Select(weights => weights.Name))})");
    }

    // Not every mirror has the API. Without a listing each file is asked for, and there are no checksums but those that come with the files.
    private async Task<RepositoryListing?> ListAsync(CancellationToken cancellation)
    {
        try
        {
            var address = new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/api/models/{repository}/revision/{MainBranch}?blobs=true");
            return RepositoryListing.Parse(await downloader.ReadAsync(address, LargestListing, cancellation).ConfigureAwait(false));
        }
        catch (HubException error) when (error.Fault != HubFault.Unreachable)
        {
            return null;
        }
    }

    private async Task<bool> FetchConfigAsync(CancellationToken cancellation)
    {
        try
        {
            return await TryFetchAsync(RepositoryFiles.Config, cancellation).ConfigureAwait(false);
        }
        catch (HubException error) when (error.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            // Hugging Face answers "unauthorized" for what does not exist, so that nobody learns what is private.
            var way = downloader.Settings.TokenFor(endpoint) is null
                ? $"for those set {HubSettings.TokenVariable} to a token of an account that may read it"
                : "or the token that was sent is not one of an account that may read it";
            throw new HubException($"{endpoint.Host} has no such model, or it is private or gated ({Page}): {way}", error)
            {
                Fault = HubFault.Missing,
                Status = error.Status,
            };
        }
    }

    private async Task FetchShardsAsync(WeightFile weights, CancellationToken cancellation)
    {
        foreach (var shard in weights.IsIndex ? ShardIndex.Read(Path.Combine(Folder, weights.Name)).Shards : [])
        {
            if (!await TryFetchAsync(shard, cancellation).ConfigureAwait(false))
            {
                throw Missing($"its repository lacks {shard}, which {weights.Name} names");
            }
        }
    }

    private async Task<bool> TryFetchAsync(string file, CancellationToken cancellation)
    {
        ListedFile listed = default;
        if (listing is not null && !listing.Files.TryGetValue(file, out listed) && !File.Exists(Path.Combine(Folder, file)))
        {
            return false;
        }

        try
        {
            var address = AddressOf($"/resolve/{listing?.Commit ?? MainBranch}/{Uri.EscapeDataString(file)}");
            var spec = new DownloadSpec(address, $"models/{repository}/{file}", listed.Size, Sha256: listed.Sha256);
            await downloader.FetchAsync(spec, progress, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (HubException error) when (error.Status == HttpStatusCode.NotFound)
        {
            return false;
        }
    }

    private Uri AddressOf(string rest) => new($"{endpoint.AbsoluteUri.TrimEnd('/')}/{repository}{rest}");

    private static HubException Missing(string why) => new(why) { Fault = HubFault.Missing };
}
