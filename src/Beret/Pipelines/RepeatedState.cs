using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Pipelines;

/// <summary>What a repeated run goes on with: <c>repeats.json</c> in its folder. The state within a run is in the run's own folder.</summary>
public sealed record RepeatedState
{
    private static readonly PipelineFile File = new("repeats.json", version: 1, "repeated run");

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
    public static bool IsIn(string folder) => File.IsIn(folder);

    /// <summary>The state of the run in a folder.</summary>
    /// <exception cref="PipelineException">There is none, or it is damaged.</exception>
    public static RepeatedState Read(string folder) => File.Read(folder, (json, command, path) => new RepeatedState
    {
        Kind = json.GetProperty("repeats").GetString() switch
        {
            "seeds" => RepeatKind.Seeds,
            "folds" => RepeatKind.Folds,
            var other => throw new FormatException($"it repeats \"{other}\""),
        },
        Count = json.GetProperty("count").GetInt32(),
        Model = json.GetProperty("model").GetString()!,
        Data = json.GetProperty("data").GetString()!,
        Recipe = RecipeFile.Parse(json.GetProperty("recipe").GetRawText(), path),
        Command = command,
        Fingerprint = json.GetProperty("fingerprint").GetString()!,
        Results = [.. json.GetProperty("results").EnumerateArray().Select(RepeatedResult.Read)],
    });

    internal void Write(string folder) => File.Write(folder, Command, writer =>
    {
        writer.WriteString("repeats", Kind == RepeatKind.Seeds ? "seeds" : "folds");
        writer.WriteNumber("count", Count);
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
    });

    /// <summary>Makes the folder, and takes away what is in the way of a new run.</summary>
    /// <exception cref="PipelineException">It cannot be written.</exception>
    internal static void Clear(string folder) =>
        File.Clear(folder, [OutOfFold.FileName, RepeatedSummary.FileName], name => IsNumbered(name, "seed-") || IsNumbered(name, "fold-"));

    private static bool IsNumbered(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal) && name[prefix.Length..].All(char.IsAsciiDigit);
}
