using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// The cache of Hugging Face's own programs: <c>models--OWNER--NAME/refs/main</c> names the commit, <c>snapshots/COMMIT</c> holds (links to) its files. A model that is
/// complete there is used where it lies; nothing is ever written there.
/// </summary>
internal static class HuggingFaceCache
{
    // The first models had no owner, and caches of that time still call them so.
    private static readonly string[] FormerlyWithoutOwner = ["google-bert", "albert", "distilbert", "FacebookAI"];

    /// <summary>The folder of a complete snapshot of the repository's main branch, or null.</summary>
    public static string? Find(string? cache, string repository)
    {
        if (cache is null)
        {
            return null;
        }

        var parts = repository.Split('/');
        return FindSnapshot(Path.Combine(cache, $"models--{parts[0]}--{parts[1]}"))
            ?? (FormerlyWithoutOwner.Contains(parts[0], StringComparer.OrdinalIgnoreCase) ? FindSnapshot(Path.Combine(cache, $"models--{parts[1]}")) : null);
    }

    private static string? FindSnapshot(string folder)
    {
        try
        {
            var reference = new FileInfo(Path.Combine(folder, "refs", "main"));
            if (!reference.Exists || reference.Length > 256)
            {
                return null;
            }

            var commit = File.ReadAllText(reference.FullName).Trim();
            var snapshot = Path.Combine(folder, "snapshots", commit);
            return ShardIndex.IsPlainFileName(commit) && RepositoryFiles.AreComplete(snapshot) ? snapshot : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another program's cache that cannot be read is as good as none.
            return null;
        }
    }
}
