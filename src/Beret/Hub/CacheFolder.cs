namespace Beret.Hub;

/// <summary>Where downloads are kept.</summary>
public static class CacheFolder
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "BERET_CACHE";

    /// <summary>
    /// The folder: <c>BERET_CACHE</c> where set; else <c>%LOCALAPPDATA%\beret</c> on Windows, <c>~/Library/Caches/beret</c> on macOS,
    /// <c>$XDG_CACHE_HOME/beret</c> or <c>~/.cache/beret</c> elsewhere. It need not exist yet.
    /// </summary>
    public static string Default => Find(Environment.GetEnvironmentVariable);

    internal static string Find(Func<string, string?> environment)
    {
        if (environment(Variable) is { Length: > 0 } set)
        {
            return Path.GetFullPath(set);
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "beret");
        }

        if (OperatingSystem.IsMacOS())
        {
            return Path.Combine(home, "Library", "Caches", "beret");
        }

        // The XDG specification has relative paths ignored.
        return environment("XDG_CACHE_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg)
            ? Path.Combine(xdg, "beret")
            : Path.Combine(home, ".cache", "beret");
    }
}
