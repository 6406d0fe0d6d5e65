namespace Beret.Training.Runs;

/// <summary>The folder that a new run writes to.</summary>
internal static class OutputFolder
{
    /// <summary>A hidden file beside the folder, which itself is replaced: <c>.NAME.KIND</c>.</summary>
    /// <exception cref="TrainingException">The folder is the root of a drive.</exception>
    public static string Beside(string folder, string kind)
    {
        var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        return Path.GetDirectoryName(path) is { } parent ? Path.Combine(parent, $".{Path.GetFileName(path)}.{kind}")
            : throw new TrainingException($"{folder} cannot be a run's folder: --output names a folder of its own");
    }

    /// <summary>Whether a folder holds a run that is not finished.</summary>
    public static bool IsInterrupted(string folder) =>
        ResumeFile.Names.Any(name => File.Exists(Path.Combine(folder, name))) || RunRecord.Find(folder) is { IsFinished: false };

    /// <summary>Checks that a run may begin there.</summary>
    /// <exception cref="TrainingException">There is something already, and it is not to be replaced.</exception>
    public static void Check(string folder, bool overwrite)
    {
        if (File.Exists(folder))
        {
            throw new TrainingException($"{folder} is a file; --output names a folder");
        }

        if (!overwrite && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new TrainingException(IsInterrupted(folder)
                ? $"{folder} holds an interrupted run: go on with it (--resume), or replace it (--overwrite)"
                : $"{folder} is not empty: choose another folder, or replace what is in it (--overwrite)");
        }
    }
}
