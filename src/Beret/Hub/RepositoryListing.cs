using System.Text.Json;

namespace Beret.Hub;

/// <summary>What the hub says of a file: its size, and its SHA-256 where it is a large one.</summary>
internal readonly record struct ListedFile(long? Size, string? Sha256);

/// <summary>The files of a repository at one revision, as the hub's API lists them (<c>/api/models/OWNER/NAME/revision/REVISION?blobs=true</c>).</summary>
internal sealed class RepositoryListing
{
    private RepositoryListing(string? commit, IReadOnlyDictionary<string, ListedFile> files)
    {
        Commit = commit;
        Files = files;
    }

    /// <summary>The commit that the revision names now; null where the listing does not say it.</summary>
    public string? Commit { get; }

    /// <summary>The files, by their path in the repository.</summary>
    public IReadOnlyDictionary<string, ListedFile> Files { get; }

    /// <summary>Reads a listing; null where the answer is none, as that of a mirror without the API may be.</summary>
    public static RepositoryListing? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root
                || !root.TryGetProperty("siblings", out var siblings) || siblings.ValueKind != JsonValueKind.Array)
            {
                return null;
            }

            var files = new Dictionary<string, ListedFile>(StringComparer.Ordinal);
            foreach (var sibling in siblings.EnumerateArray())
            {
                if (Text(sibling, "rfilename") is { } name)
                {
                    files[name] = Read(sibling);
                }
            }

            return files.Count == 0 ? null : new RepositoryListing(Text(root, "sha") is { Length: 40 } sha && sha.All(char.IsAsciiHexDigit) ? sha : null, files);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Not JSON, or a string that is not valid Unicode.
            return null;
        }
    }

    private static ListedFile Read(JsonElement sibling)
    {
        var lfs = sibling.TryGetProperty("lfs", out var stored) && stored.ValueKind == JsonValueKind.Object ? stored : default;
        var sha256 = lfs.ValueKind == JsonValueKind.Object && Text(lfs, "sha256") is { Length: 64 } sum && sum.All(char.IsAsciiHexDigit) ? sum : null;
        return new ListedFile(sibling.TryGetProperty("size", out var size) && size.TryGetInt64(out var bytes) && bytes >= 0 ? bytes : null, sha256);
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
