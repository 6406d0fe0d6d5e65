using System.IO.MemoryMappedFiles;

namespace Beret.Checkpoints;

/// <summary>A file mapped read-only into memory. The one place of this layer that handles an address.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    // Pages that were read stay in memory until the system needs it; a loader that walks through gigabytes would seem to need them twice.
    private const long MostResident = 8 << 20;

    private readonly FileStream file;
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private readonly Lock touching = new();
    private long low = long.MaxValue;
    private long high;
    private bool disposed;

    private MappedFile(string path, FileStream file, long length)
    {
        Path = path;
        Length = length;
        this.file = file;
        mapping = MemoryMappedFile.CreateFromFile(file, null, length, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            view = mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            start += view.PointerOffset;
        }
        catch
        {
            view?.Dispose();
            mapping.Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>The length of the file in bytes when it was opened.</summary>
    public long Length { get; }

    /// <summary>Maps a file of at least <paramref name="least"/> bytes.</summary>
    /// <exception cref="CheckpointException">The file is absent, unreadable or shorter.</exception>
    public static MappedFile Open(string path, long least)
    {
        FileStream? file = null;
        try
        {
            // Before the file is opened: a pipe or a device has no length, and opening it could wait for ever.
            var length = new FileInfo(path).Length;
            if (length >= least)
            {
                file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
                length = file.Length;
            }

            if (length < least)
            {
                throw new CheckpointException($"{path}: the file has {length} bytes, too few for its format; it is empty or cut off");
            }

            return new MappedFile(path, file!, length);
        }
        catch (Exception error)
        {
            file?.Dispose();
            throw error switch
            {
                FileNotFoundException or DirectoryNotFoundException => new CheckpointException($"{path}: there is no such file", error),
                IOException or UnauthorizedAccessException => new CheckpointException($"{path} cannot be read: {error.Message}", error),
                _ => error,
            };
        }
    }

    /// <summary>The bytes of a range. Valid until this object is disposed.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length - offset);

        // Touching a mapped page behind the end of a file that has been cut since would end the process.
        if (RandomAccess.GetLength(file.SafeFileHandle) < offset + length)
        {
            throw new CheckpointException($"{Path}: the file was shortened while it was in use; open it again");
        }

        Touch(offset, offset + length);
        return new ReadOnlySpan<byte>(start + offset, length);
    }

    /// <summary>Lets go of what was read before, where that is a lot. A slice that is still in use is read from the disk's cache again, and is the same.</summary>
    private void Touch(long from, long to)
    {
        lock (touching)
        {
            (low, high) = (Math.Min(low, from), Math.Max(high, to));
            if (high - low > MostResident)
            {
                MappedPages.Release((nint)start, Length);
                (low, high) = (from, to);
            }
        }
    }

    public void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            view.SafeMemoryMappedViewHandle.ReleasePointer();
            view.Dispose();
            mapping.Dispose();
            file.Dispose();
        }
    }
}
