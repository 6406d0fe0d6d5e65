using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Beret.Checkpoints;

namespace Beret.Inference;

/// <summary>An archive of a model, unpacked once into the cache. Nothing in it can write outside of its folder, or fill the disk.</summary>
internal static class ModelArchive
{
    private static readonly string[] Zips = [".zip"];
    private static readonly string[] Tars = [".tar.gz", ".tgz", ".tar"];

    private const int MostEntries = 10_000;

    // Trained weights hardly compress; a hundredfold is an attempt to fill the disk.
    private const long MostExpansion = 100;
    private const long AlwaysAllowed = 64 << 20;

    /// <summary>Whether a path is that of an archive, by its name.</summary>
    public static bool Is(string path) => File.Exists(path) && (HasExtension(path, Zips) || HasExtension(path, Tars));

    /// <summary>The folder with the archive's files: unpacked now, or found in the cache.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="cache">Where it is unpacked to.</param>
    /// <exception cref="InferenceException">The archive is damaged, or holds what is no part of a model.</exception>
    public static string Unpack(string path, string cache)
    {
        var file = new FileInfo(path);
        var identity = $"{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}";
        var folder = Path.Combine(cache, "archives", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..16]);
        AtomicFolder.Recover(folder);
        if (Directory.Exists(folder))
        {
            return folder;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder)!);
            AtomicFolder.Write(folder, temporary =>
            {
                var budget = new Budget(path, (file.Length * MostExpansion) + AlwaysAllowed);
                if (HasExtension(path, Zips))
                {
                    UnpackZip(path, temporary, budget);
                }
                else
                {
                    UnpackTar(path, temporary, budget);
                }
            });
            return folder;
        }
        catch (Exception error) when (error is InvalidDataException or FormatException or ArgumentException)
        {
            throw new InferenceException($"{path}: the archive is damaged, or is none: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException($"{path} cannot be unpacked: {error.Message}", error);
        }
    }

    private static bool HasExtension(string path, string[] extensions) =>
        Array.Exists(extensions, extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    private static void UnpackZip(string path, string folder, Budget budget)
    {
        using var archive = ZipFile.OpenRead(path);
        foreach (var entry in archive.Entries)
        {
            if (budget.Place(entry.FullName, folder) is { } target && !entry.FullName.EndsWith('/'))
            {
                using var stream = entry.Open();
                budget.Copy(stream, target);
            }
        }
    }

    private static void UnpackTar(string path, string folder, Budget budget)
    {
        using var file = File.OpenRead(path);
        using Stream content = path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase) ? file : new GZipStream(file, CompressionMode.Decompress);
        using var reader = new TarReader(content);
        while (reader.GetNextEntry() is { } entry)
        {
            // Links and devices are no part of any model.
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && budget.Place(entry.Name, folder) is { } target)
            {
                budget.Copy(entry.DataStream ?? Stream.Null, target);
            }
        }
    }

    /// <summary>Watches over names and sizes.</summary>
    private sealed class Budget(string archive, long bytes)
    {
        private readonly byte[] buffer = new byte[1 << 16];
        private int entries;

        /// <summary>Where an entry goes; null for the folder itself.</summary>
        public string? Place(string name, string folder)
        {
            if (++entries > MostEntries)
            {
                throw new InferenceException($"{archive} holds more than {MostEntries} files; it is no archive of a model");
            }

            var parts = name.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
            return Array.TrueForAll(parts, ShardIndex.IsPlainFileName) && !Path.IsPathRooted(name)
                ? parts.Length == 0 ? null : Path.Combine([folder, .. parts])
                : throw new InferenceException($"{archive}: the entry {CheckpointException.Quote(name)} would be written outside of its folder");
        }

        public void Copy(Stream source, string target)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            using var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
            for (int read; (read = source.Read(buffer)) > 0;)
            {
                bytes -= read;
                if (bytes < 0)
                {
                    throw new InferenceException($"{archive} unpacks to more than {MostExpansion} times its size; it is no archive of a model");
                }

                file.Write(buffer, 0, read);
            }
        }
    }
}
