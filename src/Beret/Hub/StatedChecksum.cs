namespace Beret.Hub;

/// <summary>The checksum that the server itself states for a file.</summary>
internal sealed class StatedChecksum
{
    private volatile string? sha256;
    private volatile string? md5;

    /// <summary>Looks for a checksum in an answer or a redirect.</summary>
    public void Note(HttpResponseMessage response)
    {
        // Hugging Face sends the SHA-256 of large files as the ETag of what it links to; for small ones that is Git's SHA-1, of 40 digits.
        if (response.Headers.TryGetValues("X-Linked-ETag", out var tags) && tags.First().Trim('"') is { Length: 64 } sum && sum.All(char.IsAsciiHexDigit))
        {
            sha256 = sum;
        }

        // Google's storage: x-goog-hash: md5=BASE64, in a header of its own or in one list with the CRC.
        if (response.Headers.TryGetValues("x-goog-hash", out var hashes))
        {
            var stated = hashes.SelectMany(line => line.Split(',')).Select(hash => hash.Trim()).FirstOrDefault(hash => hash.StartsWith("md5=", StringComparison.Ordinal));
            Span<byte> bytes = stackalloc byte[16];
            if (stated is not null && Convert.TryFromBase64String(stated["md5=".Length..], bytes, out var count) && count == bytes.Length)
            {
                md5 = Convert.ToHexStringLower(bytes);
            }
        }
    }

    /// <summary>The spec with what the server states, where the spec itself has no checksum.</summary>
    public DownloadSpec AddTo(DownloadSpec spec) => spec.HasChecksum ? spec : spec with { Sha256 = sha256, Md5 = md5 };
}
