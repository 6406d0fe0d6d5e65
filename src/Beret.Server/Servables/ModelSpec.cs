using System.Globalization;

namespace Beret.Server.Servables;

/// <summary>Which model a request wants.</summary>
/// <param name="Name">The model's name; null for the first that is served.</param>
/// <param name="Version">A version's number; null for the latest, or for what <paramref name="Label"/> says.</param>
/// <param name="Label">A version's label; null where none is given.</param>
internal readonly record struct ModelSpec(string? Name, long? Version = null, string? Label = null)
{
    public override string ToString() => (Version, Label) switch
    {
        ({ } version, _) => string.Create(CultureInfo.InvariantCulture, $"model '{Name}', version {version}"),
        (_, { } label) => $"model '{Name}', label '{label}'",
        _ => $"model '{Name}'",
    };
}
