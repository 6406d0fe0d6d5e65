namespace Beret.Server.Servables;

/// <summary>What a request may cost.</summary>
/// <param name="Texts">The most texts.</param>
/// <param name="Characters">The most characters (UTF-16 units) of a text or pair.</param>
/// <param name="Timeout">The most time.</param>
internal sealed record ServingLimits(int Texts, int Characters, TimeSpan Timeout);
