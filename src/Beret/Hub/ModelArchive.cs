using System.Formats.Tar;
using System.IO.Compression;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// Unpacks a model's archive (.zip, .tar, .tar.gz) into a folder that appears whole or not at all. An archive may come from anywhere: names that lead out of the
/// folder, links and bombs are refused.
/// </summary>
internal sealed class ModelArchive
{
    /// <summary>How archives are called; what one is, is told by its content.</summary>
    public static readonly string[] Extensions = [".tar.gz", ".tgz", ".zip", ".tar"];

    private const int MostFiles = 10_000;
    private const int DeepestFolder = 16;

    // Weights hardly shrink; the floor is for small models, whose weights may be all alike.
    private const int MostGrowth = 16;
    private const long AlwaysAllowed = 64 << 20;

    private readonly string path;
    private readonly string folder;
    private readonly CancellationToken cancellation;
    private readonly byte[] buffer = new byte[1 << 17];
    private long room;
    private int files;

    private ModelArchive(string path, string folder, CancellationToken cancellation)
    {
        this.path = path;
        this.folder = folder;
        this.cancellation = cancellation;
        room = Math.Max(AlwaysAllowed, MostGrowth * new FileInfo(path).Length);
    }

    /// <summary>Whether a file is an archive of a kind that is read.</summary>
    public static bool IsArchive(string path) => KindOf(path) != Kind.None;

    /// <summary>Unpacks an archive.</summary>
    /// <exception cref="HubException">The archive is damaged or holds what it should not, or no model.</exception>
    /// <exception cref="CheckpointException">The folder cannot be written.</exception>
    public static void Unpack(string path, string folder, CancellationToken cancellation) => AtomicFolder.Write(
        folder,
        temporary =>
        {
            new ModelArchive(path, temporary, cancellation).Unpack();
            if (!LocalModel.IsIn(RootOf(temporary)))
            {
                throw new HubException(
                    $"{path} holds no model: there is neither {RepositoryFiles.Config} nor bert_config.json nor saved_model.pb nor a TensorFlow checkpoint in it");
            }
        });

    /// <summary>The folder in which an unpacked archive has its files: many have one folder that holds everything.</summary>
    public static string RootOf(string folder)
    {
        for (var depth = 0; depth < DeepestFolder && !LocalModel.IsIn(folder); depth++)
        {
            if (Directory.GetFileSystemEntries(folder) is not [var only] || !Directory.Exists(only))
            {
                break;
            }

            folder = only;
        }

        return folder;
    }

    private static Kind KindOf(string path)
    {
        Span<byte> head = stackalloc byte[262];
        using var file = Open(path);
        var length = file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        head = head[..length];
        return head.StartsWith("PK\x03\x04"u8) ? Kind.Zip
            : head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) ? Kind.GZip
            : head.Length == 262 && head[257..].SequenceEqual("ustar"u8) ? Kind.Tar
            : Kind.None;
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HubException($"{path} cannot be read: {error.Message}", error);
        }
    }

    private void Unpack()
    {
        var kind = KindOf(path);
        using var file = Open(path);
        if (kind == Kind.Zip)
        {
            UnpackZip(file);
        }
        else if (kind == Kind.GZip)
        {
            using var unzipped = new GZipStream(file, CompressionMode.Decompress);
            UnpackTar(unzipped);
        }
        else
        {
            UnpackTar(file);
        }
    }

    private void UnpackZip(Stream file)
    {
        using var zip = Reading(() => new ZipArchive(file, ZipArchiveMode.Read));
        foreach (var entry in Reading(() => zip.Entries))
        {
            const int TypeMask = 0xf000;
            const int Link = 0xa000;
            if (((entry.ExternalAttributes >> 16) & TypeMask) == Link)
            {
                throw Refuse(entry.FullName, "is a link");
            }

            if (!entry.FullName.EndsWith('/'))
            {
                using var content = Reading(entry.Open);
                Write(entry.FullName, content);
            }
        }
    }

    private void UnpackTar(Stream stream)
    {
        using var tar = new TarReader(stream);
        while (Reading(() => tar.GetNextEntry()) is { } entry)
        {
            switch (entry.EntryType)
            {
                case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                    Write(entry.Name, entry.DataStream ?? Stream.Null);
                    break;
                case TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes:
                    break;
                default:
                    throw Refuse(entry.Name, $"is of the kind {entry.EntryType}");
            }
        }
    }

    private void Write(string name, Stream content)
    {
        var parts = (name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name).Split('/');
        if (parts.Length > DeepestFolder || !Array.TrueForAll(parts, ShardIndex.IsPlainFileName))
        {
            throw Refuse(name, "is not a name within a folder");
        }

        // What macOS adds to archives.
        if (parts[0] == "__MACOSX" || parts[^1].StartsWith("._", StringComparison.Ordinal) || parts[^1] == ".DS_Store")
        {
            return;
        }

        if (++files > MostFiles)
        {
            throw Refuse(name, $"is more than the {MostFiles} files that an archive may have");
        }

        var target = Path.Combine([folder, .. parts]);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        using var output = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        int read;
        while ((read = Reading(() => content.Read(buffer))) > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            room -= read;
            if (room < 0)
            {
                throw Refuse(name, $"makes it more than {MostGrowth} times as large as the archive");
            }

            output.Write(buffer, 0, read);
        }
    }

    // What goes wrong in reading is the archive's fault; what goes wrong in writing is not.
    private T Reading<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or InvalidDataException or NotSupportedException or FormatException or ArgumentException)
        {
            throw new HubException($"{path} is damaged, or not an archive that can be read: {error.Message}", error);
        }
    }

    private HubException Refuse(string name, string why) => new($"{path} is not unpacked: {CheckpointException.Quote(name)} in it {why}");

    private enum Kind
    {
        None,
        Zip,
        GZip,
        Tar,
    }
}
