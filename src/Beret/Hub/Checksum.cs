using System.Globalization;
using System.Security.Cryptography;

namespace Beret.Hub;

/// <summary>Holds a file to its size and checksum. What was found good is noted beside the file, so that a large one is not read through again each time.</summary>
internal static class Checksum
{
    /// <summary>Null where the file is as the spec says; otherwise the difference, as the rest of a sentence that begins with the file's name.</summary>
    public static async Task<string?> FindDifferenceAsync(string path, DownloadSpec spec, CancellationToken cancellation)
    {
        var length = new FileInfo(path).Length;
        if (spec.Size is { } size && length != size)
        {
            return string.Create(CultureInfo.InvariantCulture, $"has {length:N0} bytes where {size:N0} are expected");
        }

        return await FindDifferenceAsync(path, HashAlgorithmName.MD5, spec.Md5, cancellation).ConfigureAwait(false)
            ?? await FindDifferenceAsync(path, HashAlgorithmName.SHA256, spec.Sha256, cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether exactly this file (by size and time) was found to be what the spec says before.</summary>
    public static bool IsNoted(string path, DownloadSpec spec)
    {
        var note = NotePath(path);
        return File.Exists(note) && File.ReadAllText(note) == Note(path, spec);
    }

    /// <summary>Notes that the file is what the spec says.</summary>
    public static void WriteNote(string path, DownloadSpec spec) => File.WriteAllText(NotePath(path), Note(path, spec));

    private static async Task<string?> FindDifferenceAsync(string path, HashAlgorithmName algorithm, string? expected, CancellationToken cancellation)
    {
        if (expected is null)
        {
            return null;
        }

        using var hash = IncrementalHash.CreateHash(algorithm);
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.Asynchronous | FileOptions.SequentialScan);
        await using (stream.ConfigureAwait(false))
        {
            var buffer = new byte[1 << 18];
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }
        }

        var actual = Convert.ToHexStringLower(hash.GetHashAndReset());
        return actual.Equals(expected, StringComparison.OrdinalIgnoreCase) ? null : $"has the {algorithm.Name} {actual} where {expected} is expected";
    }

    private static string NotePath(string path) => Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.verified");

    private static string Note(string path, DownloadSpec spec)
    {
        var file = new FileInfo(path);
        return $"{file.Length} {file.LastWriteTimeUtc.Ticks} {spec.Size} {spec.Md5} {spec.Sha256}\n";
    }
}
