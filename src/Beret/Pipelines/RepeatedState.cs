using System.Text.Json;
using Beret.Checkpoints;
using Beret.Training;

namespace Beret.Pipelines;

/// <summary>What a repeated run goes on with: <c>repeats.json</c> in its folder. The state within a run is in the run's own folder.</summary>
public sealed record RepeatedState
{
    private const string FileName = "repeats.json";
    private const int CurrentVersion = 1;

    /// <summary>What differs between the runs.</summary>
    public required RepeatKind Kind { get; init; }

    /// <summary>How many runs there are.</summary>
    public required int Count { get; init; }

    /// <summary>The encoder, by the name that it was asked for.</summary>
    public required string Model { get; init; }

    /// <summary>The labelled texts.</summary>
    public required string Data { get; init; }

    /// <summary>How each is trained.</summary>
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>How it was asked for on the command line; null where it was not, or by an earlier version.</summary>
    public RunCommand? Command { get; init; }

    /// <summary>Of all texts.</summary>
    internal string Fingerprint { get; init; } = "";

    /// <summary>The runs that are done.</summary>
    internal IReadOnlyList<RepeatedResult> Results { get; init; } = [];

    /// <summary>Whether a folder holds a repeated run.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>The state of the run in a folder.</summary>
    /// <exception cref="PipelineException">There is none, or it is damaged.</exception>
    public static RepeatedState Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            var root = document.RootElement;
            var version = root.GetProperty("version").GetInt32();
            return version == CurrentVersion
                ? new RepeatedState
                {
                    Kind = root.GetProperty("repeats").GetString() switch
                    {
                        "seeds" => RepeatKind.Seeds,
                        "folds" => RepeatKind.Folds,
                        var other => throw new FormatException($"it repeats \"{other}\""),
                    },
                    Count = root.GetProperty("count").GetInt32(),
                    Model = root.GetProperty("model").GetString()!,
                    Data = root.GetProperty("data").GetString()!,
                    Recipe = RecipeFile.Parse(root.GetProperty("recipe").GetRawText(), path),
                    Command = root.TryGetProperty("command", out var command) ? RunCommand.Read(command) : null,
                    Fingerprint = root.GetProperty("fingerprint").GetString()!,
                    Results = [.. root.GetProperty("results").EnumerateArray().Select(RepeatedResult.Read)],
                }
                : throw new PipelineException($"{path} was written by another version of this program (state version {version}, not {CurrentVersion})");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{folder} holds no repeated run to go on with: {error.Message}", error);
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
            writer.WriteString("repeats", Kind == RepeatKind.Seeds ? "seeds" : "folds");
            writer.WriteNumber("count", Count);
            if (Command is { } command)
            {
                writer.WritePropertyName("command");
                command.Write(writer);
            }

            writer.WriteString("model", Model);
            writer.WriteString("data", Data);
            writer.WriteString("fingerprint", Fingerprint);
            writer.WritePropertyName("recipe");
            RecipeFile.Write(writer, Recipe);
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
            foreach (var name in ResumeFile.Names.Concat([FileName, OutOfFold.FileName, RepeatedSummary.FileName, RunLog.Name, RunRecord.FileName]))
            {
                File.Delete(Path.Combine(folder, name));
            }

            foreach (var own in Directory.EnumerateDirectories(folder).Where(own => Path.GetFileName(own) is var name && (IsNumbered(name, "seed-") || IsNumbered(name, "fold-"))))
            {
                Directory.Delete(own, recursive: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PipelineException($"{folder} cannot be written: {error.Message}", error);
        }
    }

    private static bool IsNumbered(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) && name[prefix.Length..].All(char.IsAsciiDigit);
}
