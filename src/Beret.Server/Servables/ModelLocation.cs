using System.Globalization;

namespace Beret.Server.Servables;

/// <summary>Where a model is found.</summary>
/// <param name="Name">What requests call it.</param>
/// <param name="Folder">A model folder, or a folder whose sub-folders, named by numbers, are versions of one.</param>
/// <param name="VersionLabels">Names for versions; these versions are served beside the latest.</param>
public sealed record ModelLocation(string Name, string Folder, IReadOnlyDictionary<string, long>? VersionLabels = null)
{
    /// <summary>The number of the one version of a folder that has none.</summary>
    internal const long OnlyVersion = 1;

    /// <summary>Whether requests can say a name: letters, digits and <c>-_.</c>, which need no escapes in an address.</summary>
    public static bool IsName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && name.Any(char.IsAsciiLetterOrDigit);

    /// <summary>Reads <c>name=folder</c>, or <c>folder</c>, whose own name it takes.</summary>
    /// <exception cref="ServingException">There is no name that requests can say, or no folder.</exception>
    public static ModelLocation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var sign = text.IndexOf('=', StringComparison.Ordinal);
        var folder = text[(sign + 1)..];
        if (folder.Length == 0)
        {
            throw ServingException.Invalid($"'{text}' names no folder: a model is given as folder or as name=folder");
        }

        var name = sign >= 0 ? text[..sign] : System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder)));
        return IsName(name) ? new ModelLocation(name, folder) : throw ServingException.Invalid(
            $"'{name}' cannot be a model's name, which has letters, digits and -_. only: give it one by name=folder, such as reviews={folder}");
    }

    /// <summary>The folders of the versions that are there; of a folder without numbered sub-folders, itself.</summary>
    internal SortedDictionary<long, string> Versions()
    {
        var found = new SortedDictionary<long, string>();
        if (!Directory.Exists(Folder))
        {
            if (File.Exists(Folder))
            {
                // An archive, or what else a classifier is loaded from.
                found.Add(OnlyVersion, Folder);
            }

            return found;
        }

        foreach (var folder in Directory.EnumerateDirectories(Folder))
        {
            if (long.TryParse(System.IO.Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                found.TryAdd(number, folder);
            }
        }

        if (found.Count == 0 && Directory.EnumerateFiles(Folder).Any())
        {
            found.Add(OnlyVersion, Folder);
        }

        return found;
    }
}
