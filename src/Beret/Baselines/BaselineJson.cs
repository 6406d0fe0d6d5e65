using System.Text.Json.Serialization;

namespace Beret.Baselines;

/// <summary>JSON without reflection.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class BaselineJson : JsonSerializerContext;
