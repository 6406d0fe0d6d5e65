using System.Globalization;

namespace Beret.Hub;

/// <summary>A file to download and what is known of it.</summary>
/// <param name="Address">Where it is: https, or http on this machine.</param>
/// <param name="FileName">Its place in the cache: a relative path with forward slashes.</param>
/// <param name="Size">Its size in bytes, where known.</param>
/// <param name="Md5">Its MD5 in hexadecimal, where known.</param>
/// <param name="Sha256">Its SHA-256 in hexadecimal, where known.</param>
public sealed record DownloadSpec(Uri Address, string FileName, long? Size = null, string? Md5 = null, string? Sha256 = null)
{
    /// <summary>Whether a finished file can be told from a damaged one.</summary>
    internal bool HasChecksum => Md5 is not null || Sha256 is not null;

    /// <summary>Size and checksum as a message gives them, in parentheses; empty where nothing is known.</summary>
    internal string Description
    {
        get
        {
            var facts = new List<string>();
            if (Size is { } size)
            {
                facts.Add(size.ToString("N0", CultureInfo.InvariantCulture) + " bytes");
            }

            if (Sha256 is not null)
            {
                facts.Add($"SHA-256 {Sha256}");
            }
            else if (Md5 is not null)
            {
                facts.Add($"MD5 {Md5}");
            }

            return facts.Count == 0 ? "" : $" ({string.Join(", ", facts)})";
        }
    }
}
