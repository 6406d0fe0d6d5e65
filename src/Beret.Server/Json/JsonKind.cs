namespace Beret.Server.Json;

/// <summary>What a JSON value is, with the names that TensorFlow Serving's messages have for it.</summary>
internal enum JsonKind
{
    Null,
    False,
    True,
    Number,
    String,
    Array,
    Object,
}
