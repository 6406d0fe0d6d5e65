namespace Beret.Checkpoints.Pickle;

/// <summary>One record of a zip archive.</summary>
/// <param name="Name">Its path in the archive, with forward slashes.</param>
/// <param name="IsDeflated">Whether it is compressed; otherwise it is in the file as it is.</param>
/// <param name="Checksum">The CRC-32 of its contents.</param>
/// <param name="StoredSize">Its bytes in the file.</param>
/// <param name="Size">Its bytes, unpacked.</param>
/// <param name="Position">Where in the file its first byte is.</param>
internal sealed record ZipEntry(string Name, bool IsDeflated, uint Checksum, long StoredSize, long Size, long Position);
