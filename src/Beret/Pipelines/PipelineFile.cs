using System.Text.Json;
using Beret.Checkpoints;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pipelines;

/// <summary>The file in which several runs that belong together keep what they go on with: <c>version</c>, <c>command</c>, and members of its own.</summary>
/// <param name="name">What it is called in the runs' folder.</param>
/// <param name="version">Of its members.</param>
/// <param name="what">What it is of, for messages: "staged run".</param>
internal sealed class PipelineFile(string name, int version, string what)
{
    /// <summary>Whether a folder has one.</summary>
    public bool IsIn(string folder) => File.Exists(Path.Combine(folder, name));

    /// <summary>Reads it.</summary>
    /// <param name="folder">The runs' folder.</param>
    /// <param name="parse">Given the object, the command in it, and the path for messages.</param>
    /// <exception cref="PipelineException">There is none, it is damaged, or of another version.</exception>
    public T Read<T>(string folder, Func<JsonElement, RunCommand?, string, T> parse)
    {
        var path = Path.Combine(folder, name);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var root = document.RootElement;
            var found = root.GetProperty("version").GetInt32();
            return found == version
                ? parse(root, root.TryGetProperty("command", out var command) ? RunCommand.Read(command) : null, path)
                : throw new PipelineException($"{path} was written by another version of this program (state version {found}, not {version})");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{folder} holds no {what} to go on with: {error.Message}", error);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new PipelineException($"{path} is damaged ({error.Message}): begin anew (--overwrite)", error);
        }
    }

    /// <summary>Writes it.</summary>
    /// <param name="folder">The runs' folder.</param>
    /// <param name="command">How they were asked for, or null.</param>
    /// <param name="write">Writes the members of its own.</param>
    public void Write(string folder, RunCommand? command, Action<Utf8JsonWriter> write) => AtomicFile.Write(
        Path.Combine(folder, name),
        stream =>
        {
            using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
            writer.WriteStartObject();
            writer.WriteNumber("version", version);
            if (command is not null)
            {
                writer.WritePropertyName("command");
                command.Write(writer);
            }

            write(writer);
            writer.WriteEndObject();
        });

    /// <summary>Makes the folder, and takes away what is in the way of new runs: this file, what a single run leaves, and what else is named.</summary>
    /// <param name="folder">The runs' folder.</param>
    /// <param name="files">More files in it.</param>
    /// <param name="isOfRun">Whether a folder in it is one of the runs', by its name.</param>
    /// <exception cref="PipelineException">It cannot be written.</exception>
    public void Clear(string folder, IEnumerable<string> files, Func<string, bool> isOfRun)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var file in ResumeFile.Names.Concat([name, RunLog.Name, RunRecord.FileName]).Concat(files))
            {
                File.Delete(Path.Combine(folder, file));
            }

            foreach (var own in Directory.EnumerateDirectories(folder).Where(own => isOfRun(Path.GetFileName(own))))
            {
                Directory.Delete(own, recursive: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{folder} cannot be written: {error.Message}", error);
        }
    }
}
