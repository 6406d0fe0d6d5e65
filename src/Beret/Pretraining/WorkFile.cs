using Beret.Training;

namespace Beret.Pretraining;

/// <summary>Files that a run makes for itself beside its output, and that go when it ends.</summary>
internal static class WorkFile
{
    /// <summary>Makes a file that is gone when it is closed; one of the same name is replaced.</summary>
    /// <exception cref="TrainingException">It cannot be written.</exception>
    public static FileStream Create(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            return new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 20, FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(path, error);
        }
    }

    /// <summary>Reads all that is asked for, or fails.</summary>
    /// <exception cref="TrainingException">The file has become shorter.</exception>
    public static void Read(FileStream file, Span<byte> bytes, long position)
    {
        for (var read = 0; read < bytes.Length;)
        {
            var more = RandomAccess.Read(file.SafeFileHandle, bytes[read..], position + read);
            read += more > 0 ? more : throw new TrainingException($"{file.Name} has become shorter while it was in use");
        }
    }

    /// <exception cref="TrainingException">It cannot be written.</exception>
    public static void Write(FileStream file, ReadOnlySpan<byte> bytes, long position)
    {
        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, position);
        }
        catch (IOException error)
        {
            throw Unusable(file.Name, error);
        }
    }

    private static TrainingException Unusable(string path, Exception error) => new($"a file that the run needs while it goes on cannot be written: {path}: {error.Message}", error);
}
