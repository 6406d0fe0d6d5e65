using System.IO.Enumeration;

namespace Beret.Data.Files;

/// <summary>
/// Paths with wildcards, as the shells of Unix expand them and those of Windows do not: <c>*</c> and <c>?</c> within a name, <c>**</c> for any folders. A name that begins
/// with a dot is matched by a pattern that does.
/// </summary>
internal static class Glob
{
    private const int DeepestFolder = 64;

    /// <summary>Whether a path is a pattern. What is there under that very name is none.</summary>
    public static bool IsPattern(string path) => path.AsSpan().ContainsAny('*', '?') && !Path.Exists(path);

    /// <summary>The files that a pattern matches, in the order of their paths by code point; empty where there are none.</summary>
    /// <exception cref="DataException">A folder cannot be read.</exception>
    public static IReadOnlyList<string> Expand(string pattern)
    {
        var parts = pattern.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]);
        var fixedParts = parts.TakeWhile(part => !part.AsSpan().ContainsAny('*', '?')).Count();
        var start = string.Join('/', parts[..fixedParts]);
        var found = new List<string>();
        try
        {
            Walk(start.Length == 0 && fixedParts > 0 ? "/" : start, parts.AsSpan(fixedParts), found, 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{Shown.Path(pattern)} cannot be looked for: {e.Message}", e);
        }

        return [.. found.Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)];
    }

    private static void Walk(string folder, ReadOnlySpan<string> parts, List<string> found, int depth)
    {
        var directory = new DirectoryInfo(folder.Length == 0 ? "." : folder);
        if (!directory.Exists || depth > DeepestFolder)
        {
            return;
        }

        var first = parts[0];
        var rest = parts[1..];
        if (first == "**" && rest.Length > 0)
        {
            // No folder at all, or one and what lies in it.
            Walk(folder, rest, found, depth);
        }

        foreach (var child in directory.EnumerateFileSystemInfos())
        {
            var path = folder.Length == 0 ? child.Name : folder.EndsWith('/') ? folder + child.Name : $"{folder}/{child.Name}";
            if ((child.Name[0] == '.' && first[0] != '.') || !FileSystemName.MatchesSimpleExpression(first == "**" ? "*" : first, child.Name, ignoreCase: OperatingSystem.IsWindows()))
            {
                continue;
            }

            if (child is FileInfo)
            {
                if (rest.Length == 0)
                {
                    found.Add(path);
                }
            }
            else if (first == "**" && child.LinkTarget is null)
            {
                Walk(path, parts, found, depth + 1);
            }
            else if (rest.Length > 0)
            {
                Walk(path, rest, found, depth + 1);
            }
        }
    }
}
