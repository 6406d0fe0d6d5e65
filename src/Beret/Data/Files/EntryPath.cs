namespace Beret.Data.Files;

/// <summary>The paths of files within an archive or folder: parts joined by single forward slashes, without any that lead out of it.</summary>
internal static class EntryPath
{
    // More than any file system takes; a longer name is an attack or damage.
    public const int MaxLength = 32 << 10;

    /// <summary>Brings a name from an archive into that form: <c>./a//b/</c> becomes <c>a/b</c>. Empty for the root itself.</summary>
    /// <exception cref="DataException">The name is absolute, leads out of the archive, or cannot be that of a file.</exception>
    public static string Normalise(string name, string origin)
    {
        if (name.Length > MaxLength)
        {
            throw new DataException($"{origin}: a file name of {Shown.Count(name.Length)} characters; the archive is damaged or made to do harm. " +
                "Pack it anew.");
        }

        if (name.StartsWith('/') || name.Contains('\0') || name is [_, ':', '/' or '\\', ..])
        {
            throw Outside(name, origin);
        }

        var parts = name.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Contains(".."))
        {
            throw Outside(name, origin);
        }

        return string.Join('/', parts.Where(part => part != "."));
    }

    /// <summary>The path of the folder a path lies in; empty for the root.</summary>
    public static ReadOnlySpan<char> Folder(ReadOnlySpan<char> path) => path[..Math.Max(0, path.LastIndexOf('/'))];

    /// <summary>The last part of a path.</summary>
    public static ReadOnlySpan<char> Name(ReadOnlySpan<char> path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>A path below a folder, whose path may be empty.</summary>
    public static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";

    /// <summary>Keras' order of the files of a class: by the path of the folder, then by the name, each by code point.</summary>
    public static int CompareAsKeras(string x, string y)
    {
        var byFolder = CodePointOrder.Compare(Folder(x), Folder(y));
        return byFolder != 0 ? byFolder : CodePointOrder.Compare(Name(x), Name(y));
    }

    private static DataException Outside(string name, string origin) =>
        new($"{origin}: the name `{Shown.Path(name)}` leads out of the archive; it is damaged or made to do harm. Pack the folder anew, with " +
            "names relative to it.");
}
