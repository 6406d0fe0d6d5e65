using Beret.Checkpoints;

namespace Beret.Training.Runs;

/// <summary>One run at a time works on an output folder: a lock beside the folder, which itself is replaced. It ends with its process, however that ends.</summary>
internal static class OutputClaim
{
    /// <summary>The claim, to be disposed.</summary>
    /// <exception cref="TrainingException">Another run has it, or nothing can be written beside the folder.</exception>
    public static IDisposable Take(string output)
    {
        var file = OutputFolder.Beside(output, "run");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            return FileLock.TryAcquire(file, deleteAfter: true)
                ?? throw new TrainingException($"another run is working on {output}: wait for its end, or choose another folder (--output)");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"cannot write beside {output}: {error.Message}", error);
        }
    }
}
