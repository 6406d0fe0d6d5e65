using Beret.Inference;
using Beret.Server.Json;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>The texts of a call of predict, in row format (<c>instances</c>) or column format (<c>inputs</c>).</summary>
/// <param name="Texts">The texts, or pairs of them.</param>
/// <param name="IsRow">Whether the answer is to be in row format.</param>
internal sealed record PredictRequestReader(IReadOnlyList<TextPair> Texts, bool IsRow)
{
    private const string Instances = "instances";
    private const string Inputs = "inputs";

    /// <summary>The name of the signature that a request has; "" for none.</summary>
    /// <exception cref="ServingException">It is not a string.</exception>
    public static string SignatureOf(JsonValue request) => request["signature_name"] switch
    {
        null => "",
        { Kind: JsonKind.String } name => name.Text,
        _ => throw ServingException.Invalid($"JSON Value: {request} not formatted correctly. 'signature_name' key must be a string value."),
    };

    /// <summary>Reads the texts.</summary>
    /// <exception cref="ServingException">They are not there, or not as the signature has them.</exception>
    public static PredictRequestReader Read(JsonValue request, TensorFlowSignature signature)
    {
        var (instances, inputs) = (request[Instances], request[Inputs]);
        if (instances is not null && inputs is not null)
        {
            throw ServingException.Invalid($"JSON Value: {request} Not formatted correctly expecting only one of '{Inputs}' or '{Instances}' keys to exist ");
        }

        if (instances is not null)
        {
            return new PredictRequestReader(Rows(request, instances, signature), IsRow: true);
        }

        return inputs is not null
            ? new PredictRequestReader(Columns(inputs, signature), IsRow: false)
            : throw ServingException.Invalid($"Missing '{Inputs}' or '{Instances}' key");
    }

    /// <summary>Joins the inputs of a signature into texts or pairs.</summary>
    /// <exception cref="ServingException">There is no text, or not as many as there are in the other input.</exception>
    public static List<TextPair> Join(IReadOnlyDictionary<string, List<string>> inputs)
    {
        var texts = inputs[TensorFlowSignature.TextInput];
        if (texts.Count == 0)
        {
            throw ServingException.Invalid("input must have at least one text, got shape: [0]");
        }

        if (!inputs.TryGetValue(TensorFlowSignature.PairInput, out var pairs))
        {
            return [.. texts.Select(text => new TextPair(text))];
        }

        return pairs.Count == texts.Count
            ? [.. texts.Zip(pairs, (text, pair) => new TextPair(text, pair))]
            : throw ServingException.Invalid($"Tensor name: pair has inconsistent batch size: {pairs.Count} expecting: {texts.Count}");
    }

    private static List<TextPair> Rows(JsonValue request, JsonValue instances, TensorFlowSignature signature)
    {
        if (instances.Kind != JsonKind.Array)
        {
            throw ServingException.Invalid($"JSON Value: {request} Excepting '{Instances}' to be an list/array");
        }

        if (instances.Items.Count == 0)
        {
            throw ServingException.Invalid($"JSON Value: {request} No values in '{Instances}' array");
        }

        if (instances.Items[0].Kind != JsonKind.Object && signature.Inputs.Count > 1)
        {
            throw ServingException.Invalid("instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map");
        }

        var areObjects = IsNamed(instances.Items[0]);
        var rows = signature.Inputs.ToDictionary(name => name, _ => new List<string>());
        var shapes = new Dictionary<string, List<int>>();
        for (var i = 0; i < instances.Items.Count; i++)
        {
            var row = instances.Items[i];
            if (areObjects != IsNamed(row))
            {
                throw ServingException.Invalid(areObjects
                    ? $"Expecting object but got list at item {i} of input list"
                    : $"Expecting value/list but got object at item {i} of input list");
            }

            if (areObjects)
            {
                AddNamed(row, i, rows, shapes);
            }
            else
            {
                Add(row, signature.Inputs[0], $"{i} of 'instances' list", rows, shapes);
            }
        }

        return Join(rows);
    }

    private static bool IsNamed(JsonValue row) => row.Kind == JsonKind.Object && !TensorFlowStrings.IsBase64(row);

    private static void AddNamed(JsonValue row, int number, Dictionary<string, List<string>> rows, Dictionary<string, List<int>> shapes)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in row.Members)
        {
            var place = $"{number} key: {name} of 'instances' list";
            if (!rows.ContainsKey(name))
            {
                throw ServingException.Invalid($"Failed to process element: {place}. Error: INVALID_ARGUMENT: JSON object: does not have named input: {name}");
            }

            if (names.Add(name))
            {
                Add(value, name, place, rows, shapes);
            }
        }

        if (names.Count != rows.Count)
        {
            throw ServingException.Invalid(
                $"Failed to process element: {number} of 'instances' list. JSON object: {row} keys must be equal to: {string.Join(',', rows.Keys)}");
        }
    }

    private static void Add(JsonValue value, string name, string place, Dictionary<string, List<string>> rows, Dictionary<string, List<int>> shapes)
    {
        try
        {
            var shape = TensorFlowStrings.ShapeOf(value);
            var texts = TensorFlowStrings.Read(value);
            if (!shapes.TryAdd(name, shape) && !shapes[name].SequenceEqual(shape))
            {
                throw ServingException.Invalid($"Expecting shape {TensorFlowStrings.Show(shapes[name])} but got: {TensorFlowStrings.Show(shape)}");
            }

            rows[name].Add(texts is [var one] ? one : throw ServingException.Invalid($"an instance is one text, got shape: {TensorFlowStrings.Show(shape)}"));
        }
        catch (ServingException error)
        {
            throw ServingException.Invalid($"Failed to process element: {place}. Error: INVALID_ARGUMENT: {error.Message}");
        }
    }

    private static List<TextPair> Columns(JsonValue inputs, TensorFlowSignature signature)
    {
        if (!IsNamed(inputs))
        {
            return signature.Inputs.Count > 1
                ? throw ServingException.Invalid("inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map")
                : Join(new Dictionary<string, List<string>> { [signature.Inputs[0]] = TensorFlowStrings.Read(inputs) });
        }

        return Join(signature.Inputs.ToDictionary(
            name => name,
            name => TensorFlowStrings.Read(inputs[name] ?? throw ServingException.Invalid($"Missing named input: {name} in 'inputs' object."))));
    }
}
