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
    /// <exception cref="HubException">The variable is not set, and the user has no home.</exception>
    public static string Default => Find(Environment.GetEnvironmentVariable);

    internal static string Find(Func<string, string?> environment)
    {
        if (environment(Variable) is { Length: > 0 } set)
        {
            return Path.GetFullPath(set);
        }

        if (OperatingSystem.IsWindows())
        {
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "beret");
        }

        // The XDG specification has relative paths ignored.
        if (!OperatingSystem.IsMacOS() && environment("XDG_CACHE_HOME") is { Length: > 0 } xdg && Path.IsPathRooted(xdg))
        {
            return Path.Combine(xdg, "beret");
        }

        // A home that is named and not there makes the better message, where it is to be written to.
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return home.Length == 0 ? throw new HubException($"there is no home folder to keep models and data in: set {Variable} to a folder where you may write")
            : OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches", "beret")
            : Path.Combine(home, ".cache", "beret");
    }
}
