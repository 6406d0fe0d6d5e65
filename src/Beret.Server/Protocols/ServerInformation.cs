namespace Beret.Server.Protocols;

/// <summary>What the server tells of itself.</summary>
/// <param name="Version">The program's version.</param>
/// <param name="MostBytes">The largest body.</param>
/// <param name="MostTexts">The most texts of a request.</param>
/// <param name="BatchTokens">The most tokens of a batch.</param>
/// <param name="MostRequests">The most requests at once.</param>
internal sealed record ServerInformation(string Version, long MostBytes, int MostTexts, int BatchTokens, int MostRequests);
