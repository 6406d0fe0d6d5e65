using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Beret.Checkpoints;

namespace Beret.Hub;

/// <summary>
/// Models that come as archives: <c>tensorflow/NAME.tar.gz</c> (or .zip) in the cache, unpacked to <c>tensorflow/NAME</c>. Whoever cannot have it downloaded puts the
/// one or the other there.
/// </summary>
internal sealed class ArchiveFetch(Downloader downloader, IProgress<DownloadProgress>? progress)
{
    /// <summary>Where the files of a model are, or will be.</summary>
    public string FolderOf(ModelEntry entry) => Path.Combine([downloader.Folder, "tensorflow", .. entry.Name.Split('/')]);

    /// <summary>Where its archive is downloaded to, or may be put.</summary>
    public string ArchiveOf(ModelEntry entry) => downloader.PathOf(Spec(entry));

    /// <summary>The folder with the files of a model that is unpacked already, or null.</summary>
    public string? Find(ModelEntry entry)
    {
        var folder = FolderOf(entry);
        AtomicFolder.Recover(folder);
        return Directory.Exists(folder) && ModelArchive.RootOf(folder) is var root && LocalModel.IsIn(root) ? root : null;
    }

    /// <summary>Unpacks the archive of a model where somebody put it into the cache; null where none is there.</summary>
    public async Task<string?> UnpackPlacedAsync(ModelEntry entry, CancellationToken cancellation)
    {
        var folder = FolderOf(entry);
        return ModelArchive.Extensions.Select(extension => folder + extension).FirstOrDefault(File.Exists) is { } archive
            ? await UnpackOnceAsync(archive, folder, cancellation).ConfigureAwait(false)
            : null;
    }

    /// <summary>Downloads and unpacks the archive of a model.</summary>
    /// <exception cref="HubException">It cannot be downloaded, or what came is no archive of a model.</exception>
    public async Task<string> DownloadAsync(ModelEntry entry, CancellationToken cancellation)
    {
        var folder = FolderOf(entry);
        using var held = await LockAsync(folder, entry.Name, cancellation).ConfigureAwait(false);
        if (Find(entry) is { } found)
        {
            return found;
        }

        var archive = await downloader.FetchAsync(Spec(entry), progress, cancellation).ConfigureAwait(false);
        try
        {
            if (!ModelArchive.IsArchive(archive))
            {
                throw new HubException($"{entry.Archive} gives a page and no archive") { Fault = HubFault.Missing };
            }

            Unpack(archive, folder, cancellation);
        }
        catch (HubException)
        {
            // What is no model's archive must not be found there the next time.
            File.Delete(archive);
            throw;
        }

        File.Delete(archive);
        return ModelArchive.RootOf(folder);
    }

    /// <summary>Unpacks an archive that lies anywhere, once for each version of it.</summary>
    public async Task<string> UnpackLocalAsync(string archive, CancellationToken cancellation)
    {
        var file = new FileInfo(archive);
        var version = string.Create(CultureInfo.InvariantCulture, $"{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}");
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(version)))[..16];
        var folder = Path.Combine(downloader.Folder, "unpacked", $"{file.Name.Split('.')[0]}-{hash}");
        return await UnpackOnceAsync(file.FullName, folder, cancellation).ConfigureAwait(false);
    }

    private async Task<string> UnpackOnceAsync(string archive, string folder, CancellationToken cancellation)
    {
        using var held = await LockAsync(folder, archive, cancellation).ConfigureAwait(false);
        if (!Directory.Exists(folder))
        {
            Unpack(archive, folder, cancellation);
        }

        return ModelArchive.RootOf(folder);
    }

    private void Unpack(string archive, string folder, CancellationToken cancellation)
    {
        var length = new FileInfo(archive).Length;
        progress?.Report(new DownloadProgress(archive, length, length, 0, DownloadStage.Unpacking));
        ModelArchive.Unpack(archive, folder, cancellation);
    }

    // Not the lock of the folder itself, which whoever writes it takes.
    private Task<IDisposable> LockAsync(string folder, string shown, CancellationToken cancellation) =>
        Downloader.LockAsync(folder + ".unpacking", new DownloadProgress(shown, 0, null, 0, DownloadStage.WaitingForOther), progress, cancellation);

    private static DownloadSpec Spec(ModelEntry entry)
    {
        var extension = entry.Archive!.AbsolutePath.EndsWith(".zip", StringComparison.Ordinal) ? ".zip" : ".tar.gz";
        return new DownloadSpec(entry.Archive, $"tensorflow/{entry.Name}{extension}");
    }
}
