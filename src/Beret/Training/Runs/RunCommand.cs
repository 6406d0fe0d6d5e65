using System.Text.Json;

namespace Beret.Training.Runs;

/// <summary>How a run was asked for on the command line: what names its model and its data. The recipe and the output folder are no part of it.</summary>
/// <param name="Verb">The verb, such as <c>train</c>.</param>
/// <param name="Arguments">What stands without an option: the data.</param>
/// <param name="Options">Options with their values, as they are given: <c>--model</c>, <c>all-MiniLM-L6-v2</c>, <c>--text-column</c>, …</param>
public sealed record RunCommand(string Verb, IReadOnlyList<string> Arguments, IReadOnlyList<string> Options)
{
    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("verb", Verb);
        List("arguments", Arguments);
        List("options", Options);
        writer.WriteEndObject();

        void List(string name, IReadOnlyList<string> words)
        {
            writer.WriteStartArray(name);
            foreach (var word in words)
            {
                writer.WriteStringValue(word);
            }

            writer.WriteEndArray();
        }
    }

    internal static RunCommand Read(JsonElement json)
    {
        return new RunCommand(json.GetProperty("verb").GetString()!, List("arguments"), List("options"));

        IReadOnlyList<string> List(string name) => [.. json.GetProperty(name).EnumerateArray().Select(word => word.GetString()!)];
    }
}
