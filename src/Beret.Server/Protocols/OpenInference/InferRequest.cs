using Beret.Inference;
using Beret.Server.Json;

namespace Beret.Server.Protocols.OpenInference;

/// <summary>A call of infer.</summary>
/// <param name="Id">The client's name for it; null where it has none.</param>
/// <param name="Texts">The texts or pairs.</param>
/// <param name="Outputs">The outputs that are wanted, and whether as bytes; null for all.</param>
/// <param name="IsBinary">Whether outputs of which nothing is said are wanted as bytes.</param>
internal sealed record InferRequest(string? Id, IReadOnlyList<TextPair> Texts, IReadOnlyList<(string Name, bool IsBinary)>? Outputs, bool IsBinary)
{
    /// <summary>Reads a request.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="bytes">What lies behind it: the inputs that have a <c>binary_data_size</c>, in their order (the extension binary_tensor_data).</param>
    /// <exception cref="ServingException">It is not as the protocol has it.</exception>
    public static InferRequest Read(JsonValue json, ReadOnlyMemory<byte> bytes)
    {
        if (json["inputs"] is not { Kind: JsonKind.Array } inputs)
        {
            throw ServingException.Invalid("inputs is not a list of tensors");
        }

        var tensors = new List<InputTensor>();
        foreach (var input in inputs.Items)
        {
            tensors.Add(ReadInput(input, ref bytes));
        }

        if (!bytes.IsEmpty)
        {
            throw ServingException.Invalid($"{bytes.Length} bytes behind the JSON belong to no input");
        }

        return new InferRequest(IdOf(json), InputTensor.Join(tensors), ReadOutputs(json), Parameter(json, "binary_data_output"));
    }

    private static string? IdOf(JsonValue json) => json["id"] switch
    {
        null => null,
        { Kind: JsonKind.String } id => id.Text,
        _ => throw ServingException.Invalid("id is not a string"),
    };

    private static InputTensor ReadInput(JsonValue input, ref ReadOnlyMemory<byte> bytes)
    {
        var name = StringOf(input, "name");
        var count = InputTensor.Check(name, StringOf(input, "datatype"), ShapeOf(name, input));
        if (input["parameters"]?["binary_data_size"] is { } given)
        {
            if (!given.TryGetInteger(out var size) || size < 0 || size > bytes.Length)
            {
                throw ServingException.Invalid($"input '{name}' has a binary_data_size of {given}, and {bytes.Length} bytes are left for it");
            }

            var raw = bytes[..(int)size];
            bytes = bytes[(int)size..];
            return new InputTensor(name, InputTensor.ReadRaw(name, raw.Span, count));
        }

        var texts = new List<string>();
        AddTexts(name, input["data"] ?? throw ServingException.Invalid($"input '{name}' has no data"), texts);
        InputTensor.CheckCount(name, texts.Count, count);
        return new InputTensor(name, texts);
    }

    private static long[] ShapeOf(string name, JsonValue input) => input["shape"] is { Kind: JsonKind.Array } shape
        ? [.. shape.Items.Select(size => size.TryGetInteger(out var number) ? number : throw ServingException.Invalid($"input '{name}' has the shape {shape}, which is not a list of whole numbers"))]
        : throw ServingException.Invalid($"input '{name}' has no shape");

    /// <summary>Data may be nested as the shape is, or flat.</summary>
    private static void AddTexts(string name, JsonValue data, List<string> texts)
    {
        switch (data.Kind)
        {
            case JsonKind.String:
                texts.Add(data.Text);
                break;
            case JsonKind.Array:
                foreach (var item in data.Items)
                {
                    AddTexts(name, item, texts);
                }

                break;
            default:
                throw ServingException.Invalid($"the data of input '{name}' has {data}, which is not a string");
        }
    }

    private static List<(string, bool)>? ReadOutputs(JsonValue json) => json["outputs"] switch
    {
        null => null,
        { Kind: JsonKind.Array } outputs => [.. outputs.Items.Select(output => (StringOf(output, "name"), Parameter(output, "binary_data")))],
        _ => throw ServingException.Invalid("outputs is not a list"),
    };

    private static bool Parameter(JsonValue value, string name) => value["parameters"]?[name] switch
    {
        null => false,
        { IsBoolean: true } flag => flag.Kind == JsonKind.True,
        _ => throw ServingException.Invalid($"the parameter {name} is neither true nor false"),
    };

    private static string StringOf(JsonValue value, string name) =>
        value[name] is { Kind: JsonKind.String } text ? text.Text : throw ServingException.Invalid($"a tensor's {name} is not a string");
}
