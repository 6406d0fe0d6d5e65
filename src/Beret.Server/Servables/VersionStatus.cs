namespace Beret.Server.Servables;

/// <summary>How it stands with a version.</summary>
/// <param name="Number">The version's number.</param>
/// <param name="State">How far it is.</param>
/// <param name="Error">Why it could not be loaded; null where it could, or has not been tried.</param>
internal sealed record VersionStatus(long Number, VersionState State, string? Error = null);
