using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// A model that the library carries in itself: a folder in the Hugging Face layout, as an archive without compression. It is put into the cache when it is first
/// needed, and held against the archive, byte for byte, each time.
/// </summary>
/// <param name="name">What its folder in the cache begins with.</param>
/// <param name="open">Opens the archive; it has to be seekable.</param>
internal sealed class EmbeddedModel(string name, Func<Stream> open)
{
    /// <summary>What the names of models that the library carries begin with. None of them is ever asked for elsewhere.</summary>
    public const string Owner = "beret/";

    /// <summary>The encoder <c>beret/mini</c>: docs/embedded-encoder.md.</summary>
    public static EmbeddedModel Mini { get; } = new(
        "mini",
        () => typeof(EmbeddedModel).Assembly.GetManifestResourceStream("Beret.Hub.Embedded.mini.zip")
            ?? throw new InvalidOperationException("the library was built without its embedded model"));

    /// <summary>Where its files are, or will be: another content has another place, so that versions of the program do not get into each other's way.</summary>
    /// <param name="cache">The cache's folder.</param>
    public string FolderIn(string cache)
    {
        using var archive = Open();
        return Path.Combine(cache, "embedded", $"{name}-{KeyOf(archive)}");
    }

    /// <summary>The folder with its files, or null where one is missing or is not as the archive has it.</summary>
    public string? Find(string cache)
    {
        var folder = FolderIn(cache);
        AtomicFolder.Recover(folder);
        return Directory.Exists(folder) && IsIntact(folder) ? folder : null;
    }

    /// <summary>The folder with its files, which are written where they are missing or damaged. Of several processes one writes, and the others wait.</summary>
    /// <exception cref="HubException">The cache cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while another process was writing.</exception>
    public async Task<string> PlaceAsync(string cache, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        if (Find(cache) is { } found)
        {
            return found;
        }

        var folder = FolderIn(cache);

        // Not the lock of the folder itself, which whoever writes it takes.
        var waiting = new DownloadProgress(folder, 0, null, 0, DownloadStage.WaitingForOther);
        using var held = await Downloader.LockAsync(folder + ".unpacking", waiting, progress, cancellation).ConfigureAwait(false);
        if (!Directory.Exists(folder) || !IsIntact(folder))
        {
            try
            {
                AtomicFolder.Write(folder, Unpack, drop: _ => true);
            }
            catch (CheckpointException error)
            {
                throw new HubException($"{error.Message} Set {CacheFolder.Variable} to a folder with room where you may write.", error);
            }
        }

        return folder;
    }

    private static string KeyOf(ZipArchive archive)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> facts = stackalloc byte[sizeof(long) + sizeof(uint)];
        foreach (var entry in archive.Entries)
        {
            BinaryPrimitives.WriteInt64LittleEndian(facts, entry.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(facts[sizeof(long)..], entry.Crc32);
            hash.AppendData(facts);
            hash.AppendData(Encoding.UTF8.GetBytes(entry.FullName));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private ZipArchive Open() => new(open(), ZipArchiveMode.Read);

    private bool IsIntact(string folder)
    {
        using var archive = Open();
        return archive.Entries.All(entry =>
        {
            try
            {
                using var written = File.OpenRead(Path.Combine(folder, entry.Name));
                using var own = entry.Open();
                return written.Length == entry.Length && AreEqual(written, own);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        });
    }

    private static bool AreEqual(Stream a, Stream b)
    {
        var (left, right) = (new byte[1 << 16], new byte[1 << 16]);
        int read;
        while ((read = a.ReadAtLeast(left, left.Length, throwOnEndOfStream: false)) > 0)
        {
            if (b.ReadAtLeast(right.AsSpan(0, read), read, throwOnEndOfStream: false) != read || !left.AsSpan(0, read).SequenceEqual(right.AsSpan(0, read)))
            {
                return false;
            }
        }

        return true;
    }

    private void Unpack(string folder)
    {
        using var archive = Open();
        foreach (var entry in archive.Entries)
        {
            using var content = entry.Open();
            using var file = File.Create(Path.Combine(folder, entry.Name));
            content.CopyTo(file);
        }
    }
}
