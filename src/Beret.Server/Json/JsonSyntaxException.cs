namespace Beret.Server.Json;

/// <summary>Text that is not JSON.</summary>
/// <param name="reason">What is wrong, as RapidJSON says it.</param>
/// <param name="offset">Where, in bytes.</param>
internal sealed class JsonSyntaxException(string reason, int offset) : Exception($"JSON Parse error: {reason} at offset: {offset}");
