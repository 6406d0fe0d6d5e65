using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pipelines;

/// <summary>What a staged run goes on with: <c>stages.json</c> in its folder. The state within a stage is in the stage's own folder.</summary>
public sealed record StagedState
{
    private static readonly PipelineFile File = new("stages.json", version: 1, "staged run");

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
    public static bool IsIn(string folder) => File.IsIn(folder);

    /// <summary>The state of the run in a folder.</summary>
    /// <exception cref="PipelineException">There is none, or it is damaged.</exception>
    public static StagedState Read(string folder) => File.Read(folder, (json, command, path) => new StagedState
    {
        Model = json.GetProperty("model").GetString()!,
        Student = json.GetProperty("student").GetString(),
        Data = json.GetProperty("data").GetString()!,
        Unlabelled = [.. json.GetProperty("unlabelled").EnumerateArray().Select(name => name.GetString()!)],
        Recipe = StagedRecipe.Read(json.GetProperty("recipe"), path),
        Command = command,
        Fingerprint = json.GetProperty("fingerprint").GetString()!,
        Results = [.. json.GetProperty("results").EnumerateArray().Select(StageResult.Read)],
    });

    internal void Write(string folder) => File.Write(folder, Command, writer =>
    {
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
    });

    /// <summary>Makes the folder, and takes away what is in the way of a new run.</summary>
    /// <exception cref="PipelineException">It cannot be written.</exception>
    internal static void Clear(string folder) => File.Clear(folder, [], name => Enum.GetValues<TrainingStage>().Any(stage => stage.Format() == name));
}
