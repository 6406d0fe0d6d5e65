using System.Text.Json;
using Beret.Checkpoints;
using Beret.Training;

namespace Beret.Pipelines;

/// <summary>What a staged run goes on with: <c>stages.json</c> in its folder. The state within a stage is in the stage's own folder.</summary>
public sealed record StagedState
{
    private const string FileName = "stages.json";
    private const int CurrentVersion = 1;

    /// <summary>The encoder, by the name that it was asked for.</summary>
    public required string Model { get; init; }

    /// <summary>The student, or null.</summary>
    public required string? Student { get; init; }

    /// <summary>The labelled texts.</summary>
    public required string Data { get; init; }

    /// <summary>The texts without labels.</summary>
    public required IReadOnlyList<string> Unlabelled { get; init; }

    /// <summary>How it is trained.</summary>
    public required StagedRecipe Recipe { get; init; }

    /// <summary>How it was asked for on the command line; null where it was not, or by an earlier version.</summary>
    public RunCommand? Command { get; init; }

    /// <summary>Of the texts that are trained and judged on.</summary>
    internal string Fingerprint { get; init; } = "";

    /// <summary>The stages that are done.</summary>
    internal IReadOnlyList<StageResult> Results { get; init; } = [];

    /// <summary>Whether a folder holds a staged run.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>The state of the run in a folder.</summary>
    /// <exception cref="PipelineException">There is none, or it is damaged.</exception>
    public static StagedState Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var root = document.RootElement;
            var version = root.GetProperty("version").GetInt32();
            return version == CurrentVersion
                ? new StagedState
                {
                    Model = root.GetProperty("model").GetString()!,
                    Student = root.GetProperty("student").GetString(),
                    Data = root.GetProperty("data").GetString()!,
                    Unlabelled = [.. root.GetProperty("unlabelled").EnumerateArray().Select(name => name.GetString()!)],
                    Recipe = StagedRecipe.Read(root.GetProperty("recipe"), path),
                    Command = root.TryGetProperty("command", out var command) ? RunCommand.Read(command) : null,
                    Fingerprint = root.GetProperty("fingerprint").GetString()!,
                    Results = [.. root.GetProperty("results").EnumerateArray().Select(StageResult.Read)],
                }
                : throw new PipelineException($"{path} was written by another version of this program (state version {version}, not {CurrentVersion})");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{folder} holds no staged run to go on with: {error.Message}", error);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new PipelineException($"{path} is damaged ({error.Message}): begin anew (--overwrite)", error);
        }
    }

    internal void Write(string folder) => AtomicFile.Write(
        Path.Combine(folder, FileName),
        stream =>
        {
            using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
            writer.WriteStartObject();
            writer.WriteNumber("version", CurrentVersion);
            if (Command is { } command)
            {
                writer.WritePropertyName("command");
                command.Write(writer);
            }

            writer.WriteString("model", Model);
            writer.WriteString("student", Student);
            writer.WriteString("data", Data);
            writer.WriteStartArray("unlabelled");
            foreach (var name in Unlabelled)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
            writer.WriteString("fingerprint", Fingerprint);
            writer.WritePropertyName("recipe");
            Recipe.Write(writer);
            writer.WriteStartArray("results");
            foreach (var result in Results)
            {
                result.Write(writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    /// <summary>Makes the folder, and takes away what is in the way of a new run.</summary>
    /// <exception cref="PipelineException">It cannot be written.</exception>
    internal static void Clear(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var name in ResumeFile.Names.Concat([FileName, RunLog.Name, RunRecord.FileName]))
            {
                File.Delete(Path.Combine(folder, name));
            }

            foreach (var stage in Enum.GetValues<TrainingStage>())
            {
                if (Path.Combine(folder, stage.Format()) is var own && Directory.Exists(own))
                {
                    Directory.Delete(own, recursive: true);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{folder} cannot be written: {error.Message}", error);
        }
    }
}
