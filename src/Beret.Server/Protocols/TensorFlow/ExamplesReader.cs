using Beret.Inference;
using Beret.Server.Json;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>The texts of a call of classify or regress: a list of examples, whose feature <c>text</c> (and maybe <c>pair</c>) is a string; what all have in common may stand in a context.</summary>
internal static class ExamplesReader
{
    /// <exception cref="ServingException">The examples are not there, or not as they have to be.</exception>
    public static List<TextPair> Read(JsonValue request)
    {
        var context = request["context"] is { } common ? Features(common) : [];
        if (request["examples"] is not { } examples)
        {
            throw ServingException.Invalid($"JSON Value: {request} When method is classify, key 'examples' is expected and was not found");
        }

        if (examples.Kind != JsonKind.Array)
        {
            throw ServingException.Invalid($"JSON Value: {request} Expecting 'examples' value to be an list/array");
        }

        if (examples.Items.Count == 0)
        {
            throw ServingException.Invalid($"JSON Value: {request} 'examples' value is an empty array");
        }

        return [.. examples.Items.Select(example =>
        {
            var features = Features(example);
            return Pair(name => features.GetValueOrDefault(name) ?? context.GetValueOrDefault(name));
        })];
    }

    /// <summary>The text or pair of an example's features.</summary>
    /// <param name="feature">The strings of a feature; null where there is none.</param>
    /// <exception cref="ServingException">There is no text, or more than one.</exception>
    public static TextPair Pair(Func<string, IReadOnlyList<string>?> feature)
    {
        return new TextPair(
            One(TensorFlowSignature.TextInput) ?? throw ServingException.Invalid("Name: <unknown>, Feature: text (data type: string) is required but could not be found."),
            One(TensorFlowSignature.PairInput));

        string? One(string name) => feature(name) switch
        {
            null => null,
            [var text] => text,
            { } several => throw ServingException.Invalid(
                $"Name: <unknown>, Key: {name}, Index: 0.  Number of string values != expected.  values size: {several.Count} but output shape: []"),
        };
    }

    /// <summary>The features of an example that are strings.</summary>
    private static Dictionary<string, IReadOnlyList<string>> Features(JsonValue example)
    {
        if (example.Kind != JsonKind.Object)
        {
            throw ServingException.Invalid($"Example must be JSON object but got JSON {example.Kind}");
        }

        var features = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (name, value) in example.Members)
        {
            IReadOnlyList<JsonValue> values = value.Kind == JsonKind.Array ? value.Items : [value];
            foreach (var one in values)
            {
                if (one.Kind is JsonKind.Null or JsonKind.Array || (one.Kind == JsonKind.Object && !TensorFlowStrings.IsBase64(one)))
                {
                    throw ServingException.Invalid($"Feature: {name} has element with unexpected JSON type: {one.Kind}");
                }
            }

            if (values.Select(KindOf).Distinct().Count() > 1)
            {
                throw ServingException.Invalid($"Unexpected element type in feature: {name} expecting type: {KindOf(values[0])}");
            }

            if (values.Count > 0 && KindOf(values[0]) == "bytes")
            {
                features[name] = [.. values.Select(TensorFlowStrings.Text)];
            }
            else if (name is TensorFlowSignature.TextInput or TensorFlowSignature.PairInput && values.Count > 0)
            {
                throw ServingException.Invalid($"Name: <unknown>, Feature: {name}.  Data types don't match. Data type: {KindOf(values[0])} but expected type: string");
            }
        }

        return features;
    }

    private static string KindOf(JsonValue value) => value.Kind switch
    {
        JsonKind.String or JsonKind.Object => "bytes",
        JsonKind.Number => value.Text.AsSpan().ContainsAny(".eEIN") ? "float" : "int64",
        _ => "int64",
    };
}
