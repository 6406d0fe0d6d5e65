using System.Text.Json;

namespace Beret.Training.Runs;

/// <summary>What a run goes on with, beside the weights and Adam's moments, as its folder keeps it.</summary>
internal interface IRunState
{
    /// <summary>Tells one kind of run from another.</summary>
    string Key { get; }

    /// <summary>Steps done.</summary>
    int Step { get; }

    /// <summary>The length of log.jsonl: what stands behind it belongs to steps that are done again.</summary>
    long LogBytes { get; set; }

    /// <summary>Writes what the run began with, as members of the JSON object under way.</summary>
    void WriteStart(Utf8JsonWriter writer);

    /// <summary>Writes all of it as a JSON object.</summary>
    void Write(Utf8JsonWriter writer);

    /// <summary>Takes note that the model in the folder is gone; says which it was where another takes its place only later, else null.</summary>
    string? LoseModel();
}
