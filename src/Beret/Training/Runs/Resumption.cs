using System.Text.Json;
using Beret.Checkpoints;

namespace Beret.Training.Runs;

/// <summary>Where an unfinished run goes on.</summary>
/// <param name="State">What it had done by then.</param>
/// <param name="File">The file with the weights and moments; null at the beginning of the run, which has none.</param>
/// <param name="Notice">What the user should know: that a checkpoint is lost; or null.</param>
internal sealed record Resumption<T>(T State, string? File, string? Notice)
    where T : IRunState
{
    /// <summary>Makes the file that was found the first again, so that the next checkpoint keeps it and not one that cannot be read.</summary>
    /// <param name="folder">The output folder.</param>
    /// <returns>The file's name from now on.</returns>
    public Resumption<T> Promote(string folder)
    {
        if (File is null || File == ResumeFile.PathIn(folder))
        {
            return this;
        }

        System.IO.File.Move(File, ResumeFile.PathIn(folder), overwrite: true);
        return this with { File = ResumeFile.PathIn(folder) };
    }
}

/// <summary>Finds where an unfinished run goes on.</summary>
internal static class Resumption
{
    /// <summary>The last checkpoint that can be read; without any the beginning of the run, which <c>run.json</c> tells.</summary>
    /// <param name="folder">The output folder.</param>
    /// <param name="key">The kind of run.</param>
    /// <param name="parse">Reads a state.</param>
    /// <param name="begin">Reads what a run began with.</param>
    /// <exception cref="TrainingException">There is no such run, or it is of another kind or version.</exception>
    public static Resumption<T> Find<T>(string folder, string key, Func<JsonElement, T> parse, Func<JsonElement, T> begin)
        where T : IRunState
    {
        var losses = new List<string>();
        foreach (var name in ResumeFile.Names)
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
            {
                losses.Add($"{path} is missing");
                continue;
            }

            try
            {
                var state = ResumeFile.Read(path, key, parse);
                return new Resumption<T>(state, path, losses.Count == 0 ? null : $"{string.Join("; ", losses)}: going on from the checkpoint before it, that of step {state.Step} ({name})");
            }
            catch (CheckpointException error)
            {
                losses.Add($"{path} cannot be read ({error.Message})");
            }
        }

        var isNew = losses.TrueForAll(loss => loss.EndsWith("is missing", StringComparison.Ordinal));
        if (RunRecord.Find(folder) is not { IsFinished: false } record)
        {
            throw new TrainingException(isNew
                ? $"{folder} holds no run to go on with (no {ResumeFile.Name}): it is finished, or was never started"
                : $"the run in {folder} cannot go on: {string.Join("; ", losses)}; begin anew (--overwrite)");
        }

        var notice = isNew ? "no checkpoint was made yet, or none is left" : string.Join("; ", losses);
        return new Resumption<T>(ResumeFile.Parse(RunRecord.PathIn(folder), () => begin(record.Start(key))), null, $"{notice}: the run begins again with its first step");
    }
}
