using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Beret.Data.Files;

/// <summary>
/// Texts in a file that goes with the process, however it ends. They are written one after the other, and then read from anywhere, by any thread.
/// </summary>
internal sealed class TextSpill
{
    private const int BufferSize = 1 << 20;
    private const int FirstRead = 4096;
    private const int NoPair = -1;
    private const int PrefixSize = 2 * sizeof(int);

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly SafeFileHandle file;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] buffer = new byte[BufferSize];
    private int used;
    private long written;

    private TextSpill(string folder, SafeFileHandle file) => (Folder, this.file) = (folder, file);

    /// <summary>The folder that the file is in.</summary>
    public string Folder { get; }

    /// <summary>SHA-256 over all texts, in lower-case hexadecimal; "" until <see cref="Seal"/>.</summary>
    public string Content { get; private set; } = "";

    /// <summary>Creates an empty one.</summary>
    /// <param name="folder">Where; it is created where it is not there.</param>
    /// <exception cref="DataException">No file can be created.</exception>
    public static TextSpill Create(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var path = Path.Combine(folder, $".texts-{Guid.NewGuid():N}");
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Read | FileShare.Delete, BufferSize = 0, Options = FileOptions.DeleteOnClose | FileOptions.RandomAccess,
            };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            var stream = new FileStream(path, options);
            if (!OperatingSystem.IsWindows())
            {
                // Windows itself deletes it with the last handle. Elsewhere a file without a name is there as long as it is open.
                File.Delete(path);
            }

            return new TextSpill(folder, stream.SafeFileHandle);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, error);
        }
    }

    /// <summary>Adds a text, perhaps with another.</summary>
    /// <returns>Where it stands.</returns>
    /// <exception cref="DataException">The disk is full.</exception>
    public long Append(string text, string? pair)
    {
        var place = written + used;
        var (first, second) = (Utf8.GetByteCount(text), pair is null ? NoPair : Utf8.GetByteCount(pair));
        var size = PrefixSize + first + Math.Max(0, second);
        if (size > buffer.Length - used)
        {
            Flush();
            if (size > buffer.Length)
            {
                buffer = new byte[size];
            }
        }

        var target = buffer.AsSpan(used, size);
        BinaryPrimitives.WriteInt32LittleEndian(target, first);
        BinaryPrimitives.WriteInt32LittleEndian(target[sizeof(int)..], second);
        Utf8.GetBytes(text, target[PrefixSize..]);
        Utf8.GetBytes(pair, target[(PrefixSize + first)..]);
        used += size;
        return place;
    }

    /// <summary>Ends the writing. Texts can be read from then on.</summary>
    /// <exception cref="DataException">The disk is full.</exception>
    public void Seal()
    {
        Flush();
        buffer = [];
        Content = Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The texts that stand at a place.</summary>
    /// <exception cref="DataException">The disk cannot be read.</exception>
    public (string Text, string? Pair) Read(long place)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(FirstRead);
        try
        {
            var there = ReadAt(place, bytes, least: PrefixSize);
            var first = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            var second = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(sizeof(int)));
            var size = PrefixSize + first + Math.Max(0, second);
            if (size > there)
            {
                if (size > bytes.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(size);
                    bytes.AsSpan(0, there).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(bytes);
                    bytes = larger;
                }

                ReadAt(place + there, bytes.AsSpan(there..size), size - there);
            }

            var text = bytes.AsSpan(PrefixSize);
            return (Utf8.GetString(text[..first]), second == NoPair ? null : Utf8.GetString(text.Slice(first, second)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private int ReadAt(long place, Span<byte> bytes, int least)
    {
        var there = 0;
        while (there < least)
        {
            try
            {
                there += RandomAccess.Read(file, bytes[there..], place + there) is > 0 and var read ? read : throw new EndOfStreamException("it ends too soon");
            }
            catch (IOException error)
            {
                throw new DataException($"The texts that were put into {Shown.Path(Folder)} cannot be read again: {error.Message}", error);
            }
        }

        return there;
    }

    private void Flush()
    {
        var bytes = buffer.AsSpan(0, used);
        hash.AppendData(bytes);
        try
        {
            RandomAccess.Write(file, bytes, written);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(Folder, error);
        }

        (written, used) = (written + used, 0);
    }

    private static DataException Unwritable(string folder, Exception error) => new(
        $"The texts are too many for the memory, and cannot be put into {Shown.Path(folder)}: {error.Message} BERET_CACHE names another folder; --on-disk never keeps up to "
        + $"{Shown.Bytes(DataOptions.Default.MaxTotalBytes)} in memory.", error);
}
