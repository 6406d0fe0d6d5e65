using System.Reflection;
using System.Runtime.InteropServices;
using Beret.Numerics;

namespace Beret.Bench;

/// <summary>Where the measurements were made, for the page.</summary>
internal static class Machine
{
    public static IEnumerable<(string What, string Value)> Describe()
    {
        yield return ("Processor", Processor());
        yield return ("Logical processors", $"{Environment.ProcessorCount}");
        yield return ("Memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0:f0} GiB");
        yield return ("System", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
        yield return (".NET", RuntimeInformation.FrameworkDescription);
        yield return ("Instruction set", InstructionSets.Name(InstructionSets.Chosen()));
        yield return ("Beret", typeof(BeretException).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "");
        yield return ("Date", $"{DateTime.UtcNow:yyyy-MM-dd}");
    }

    private static string Processor()
    {
        const string file = "/proc/cpuinfo";
        if (File.Exists(file))
        {
            var fields = File.ReadLines(file).TakeWhile(line => line.Length > 0).Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries)).ToList();
            string? Field(string name) => fields.FirstOrDefault(field => field.Length == 2 && field[0] == name)?[1];
            if (Field("model name") is { } name)
            {
                // Virtual machines often hide the name; family and model still tell the generation.
                return $"{name} (family {Field("cpu family")}, model {Field("model")})";
            }
        }

        return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
