using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Checkpoints;
using Beret.Inference;

namespace Beret.Training.Runs;

/// <summary>
/// <c>run.json</c> in a run's folder: what the run began with (recipe, seed, model, data and their fingerprints, the command), what it is computed with, and, when it is finished,
/// what came of it. It is there from the first moment on.
/// </summary>
public sealed record RunRecord
{
    /// <summary>The file's name.</summary>
    public const string FileName = ModelFolder.RunFile;

    private const int CurrentFormat = 1;

    /// <summary>The kind of run, as its checkpoints call it.</summary>
    public required string Kind { get; init; }

    /// <summary>How it was asked for; null where it was not by the command line, or is a stage of another run.</summary>
    public RunCommand? Command { get; init; }

    /// <summary>The seed that all that is random comes from: the split, new layers, the order of the texts, dropout.</summary>
    public required int Seed { get; init; }

    /// <summary>SHA-256 of the model's weights and vocabulary; null where it is not known.</summary>
    public string? ModelFingerprint { get; init; }

    /// <summary>SHA-256 over the texts that are learned from.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The same of those that the model is judged on; null where there are none.</summary>
    public string? ValidationFingerprint { get; init; }

    /// <summary>What it was computed with, and from which step on; more than one where a run went on elsewhere.</summary>
    public required IReadOnlyList<(int Step, RunEnvironment Environment)> Sessions { get; init; }

    /// <summary>What came of it: steps, the kept model's, losses and figures; null where the run is not finished.</summary>
    public JsonElement? Result { get; init; }

    /// <summary>Whether the run is finished.</summary>
    public bool IsFinished => Result is not null;

    /// <summary>The file as it was read; what the run began with is in it.</summary>
    internal JsonElement Root { get; init; }

    /// <summary>The record in a folder.</summary>
    /// <exception cref="TrainingException">There is none, or it is damaged or of another version.</exception>
    public static RunRecord Read(string folder)
    {
        var path = PathIn(folder);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            return Read(document.RootElement.Clone(), path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TrainingException($"{folder} holds no run that can be told about: there is no {FileName}, which every run has had since Beret writes one", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path} cannot be read: {error.Message}", error);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new TrainingException($"{path} is damaged ({error.Message})", error);
        }
    }

    /// <summary>The record in a folder; null where there is none that can be read.</summary>
    public static RunRecord? Find(string folder)
    {
        try
        {
            return File.Exists(PathIn(folder)) ? Read(folder) : null;
        }
        catch (TrainingException)
        {
            return null;
        }
    }

    internal static string PathIn(string folder) => Path.Combine(folder, FileName);

    /// <summary>What the run began with.</summary>
    /// <param name="kind">The kind that it has to be of.</param>
    /// <exception cref="TrainingException">It is of another.</exception>
    internal JsonElement Start(string kind) => kind == Kind ? Root
        : throw new TrainingException($"{FileName} holds no state of a training run of this kind");

    /// <summary>The recipe of a run that trained a classifier.</summary>
    /// <exception cref="TrainingException">It is none, or its recipe is damaged.</exception>
    public TrainingRecipe Recipe() => RunState.Begin(Start(RunState.StateKey), FileName).Recipe;

    /// <summary>The record of a session that begins: the environment stands in it once, until it changes.</summary>
    internal RunRecord Continued(int step, RunEnvironment environment) =>
        Sessions.Count > 0 && Sessions[^1].Environment == environment ? this : this with { Sessions = [.. Sessions, (step, environment)] };

    /// <summary>Writes the file into a folder that is not yet in its place.</summary>
    internal void Write(string folder, IRunState state)
    {
        using var stream = File.Create(PathIn(folder));
        Write(stream, state);
    }

    /// <summary>Writes the file in its place.</summary>
    internal void Replace(string folder, IRunState state) => AtomicFile.Write(PathIn(folder), stream => Write(stream, state));

    private void Write(Stream stream, IRunState state)
    {
        using var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteNumber("format_version", CurrentFormat);
        writer.WriteString("kind", Kind);
        if (Command is { } command)
        {
            writer.WritePropertyName("command");
            command.Write(writer);
        }

        state.WriteStart(writer);
        writer.WriteNumber("seed", Seed);
        writer.WriteString("model_fingerprint", ModelFingerprint);
        writer.WriteString("validation_fingerprint", ValidationFingerprint);
        writer.WriteStartArray("sessions");
        foreach (var (step, environment) in Sessions)
        {
            writer.WriteStartObject();
            writer.WriteNumber("from_step", step);
            writer.WritePropertyName("environment");
            environment.Write(writer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        if (Result is { } result)
        {
            writer.WritePropertyName("result");
            result.WriteTo(writer);
        }

        writer.WriteEndObject();
    }

    private static RunRecord Read(JsonElement root, string path)
    {
        var format = root.GetProperty("format_version").GetInt32();
        return format == CurrentFormat
            ? new RunRecord
            {
                Kind = root.GetProperty("kind").GetString()!,
                Command = root.TryGetProperty("command", out var command) ? RunCommand.Read(command) : null,
                Seed = root.GetProperty("seed").GetInt32(),
                ModelFingerprint = root.GetProperty("model_fingerprint").GetString(),
                Fingerprint = root.GetProperty("fingerprint").GetString()!,
                ValidationFingerprint = root.GetProperty("validation_fingerprint").GetString(),
                Sessions = [.. root.GetProperty("sessions").EnumerateArray().Select(session =>
                    (session.GetProperty("from_step").GetInt32(), RunEnvironment.Read(session.GetProperty("environment"))))],
                Result = root.TryGetProperty("result", out var result) ? result : null,
                Root = root,
            }
            : throw new TrainingException($"{path} was written by another version of this program (format {format}, not {CurrentFormat})");
    }
}
