using System.IO.Compression;

namespace Beret.Data.Files;

/// <summary>The tables of a GLUE task, in a folder or in the zip archive that is published.</summary>
internal sealed class GlueFiles
{
    private readonly string path;
    private readonly Dictionary<string, string> names;
    private readonly bool isFolder;

    /// <param name="path">The folder or the archive.</param>
    /// <param name="folder">The folder in the archive that holds the tables, unless they lie there by themselves.</param>
    /// <exception cref="DataException">There is no such folder or archive, or it cannot be read.</exception>
    public GlueFiles(string path, string folder)
    {
        this.path = path;
        isFolder = Directory.Exists(path);
        try
        {
            if (isFolder)
            {
                names = Directory.EnumerateFiles(path).ToDictionary(file => Path.GetFileName(file), file => file, StringComparer.Ordinal);
                return;
            }

            using var archive = ZipFile.OpenRead(path);
            names = archive.Entries.Where(entry => entry.FullName == entry.Name || entry.FullName == $"{folder}/{entry.Name}")
                .GroupBy(entry => entry.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().FullName, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new DataException($"{Shown.Path(path)} is neither the folder nor the zip archive of a GLUE task, or cannot be read: {e.Message}", e);
        }
    }

    public bool Has(string name) => names.ContainsKey(name);

    /// <summary>The rows of a table that is there.</summary>
    public IEnumerable<TableRow> Rows(string name, DataOptions options)
    {
        if (isFolder)
        {
            return DelimitedRows.Read(TableFile.At(names[name], TableFormat.Tsv), options);
        }

        return Packed();

        IEnumerable<TableRow> Packed()
        {
            using var archive = ZipFile.OpenRead(path);
            var entry = archive.GetEntry(names[name])!;
            foreach (var row in DelimitedRows.Read(new TableFile($"{path}/{name}", TableFormat.Tsv, entry.Open), options))
            {
                yield return row;
            }
        }
    }
}
