using System.Runtime.InteropServices;
using System.Text.Json;
using Beret.Inference;
using Beret.Numerics;

namespace Beret.Training.Runs;

/// <summary>What a run was computed with.</summary>
/// <param name="Beret">The version of this library.</param>
/// <param name="Runtime">That of .NET.</param>
/// <param name="System">The operating system.</param>
/// <param name="Architecture">The processor's.</param>
/// <param name="Instructions">The instruction set in use, which may be narrower than the processor's widest.</param>
/// <param name="Processors">How many there are.</param>
/// <param name="Threads">How many threads computed.</param>
/// <param name="Precision">The arithmetic of the matrix products.</param>
public sealed record RunEnvironment(string Beret, string Runtime, string System, string Architecture, string Instructions, int Processors, int Threads, string Precision)
{
    /// <summary>That of this process.</summary>
    /// <param name="threads">How many threads compute.</param>
    /// <param name="precision">The arithmetic of the matrix products.</param>
    public static RunEnvironment Current(int threads, Precision precision) => new(
        ModelDescription.ThisVersion, RuntimeInformation.FrameworkDescription, RuntimeInformation.OSDescription, RuntimeInformation.ProcessArchitecture.ToString(),
        InstructionSets.Name(InstructionSets.Chosen()), Environment.ProcessorCount, threads, precision.Resolve().Format());

    /// <summary>What differs, of what may change the last bits of a result: not how many processors and threads there are. One phrase each.</summary>
    /// <param name="now">The other.</param>
    public IEnumerable<string> DifferencesTo(RunEnvironment now)
    {
        ArgumentNullException.ThrowIfNull(now);
        (string Name, string Then, string Now)[] parts =
        [
            ("Beret", Beret, now.Beret), ("the runtime", Runtime, now.Runtime), ("the system", System, now.System), ("the architecture", Architecture, now.Architecture),
            ("the instruction set", Instructions, now.Instructions),
        ];
        return parts.Where(part => part.Then != part.Now).Select(part => $"{part.Name} was {part.Then} and is {part.Now}");
    }

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("beret", Beret);
        writer.WriteString("runtime", Runtime);
        writer.WriteString("system", System);
        writer.WriteString("architecture", Architecture);
        writer.WriteString("instructions", Instructions);
        writer.WriteNumber("processors", Processors);
        writer.WriteNumber("threads", Threads);
        writer.WriteString("precision", Precision);
        writer.WriteEndObject();
    }

    internal static RunEnvironment Read(JsonElement json) => new(
        json.GetProperty("beret").GetString()!, json.GetProperty("runtime").GetString()!, json.GetProperty("system").GetString()!, json.GetProperty("architecture").GetString()!,
        json.GetProperty("instructions").GetString()!, json.GetProperty("processors").GetInt32(), json.GetProperty("threads").GetInt32(), json.GetProperty("precision").GetString()!);
}
