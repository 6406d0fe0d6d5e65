using System.Globalization;
using Beret.Server.Servables;

namespace Beret.Server.Protocols.OpenInference;

/// <summary>Versions, which are any text in this protocol: a number, or a label.</summary>
internal static class OpenInferenceVersion
{
    public static ModelSpec Spec(string? name, string? version) => string.IsNullOrEmpty(version)
        ? new ModelSpec(name)
        : long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? new ModelSpec(name, number) : new ModelSpec(name, Label: version);
}
