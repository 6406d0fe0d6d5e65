using System.Text;
using Beret.Inference;
using Beret.Server.Protocols.TensorFlow.Wire;
using Google.Protobuf;

namespace Beret.Server.Protocols.TensorFlow;

/// <summary>Texts and logits as TensorFlow's tensors and examples.</summary>
internal static class TensorFlowTensors
{
    /// <summary>The texts of a tensor: a vector of strings, a single one, or a column; from <c>tensor_content</c> where that has any, as in TensorFlow, otherwise from <c>string_val</c>.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="most">The most texts.</param>
    /// <exception cref="ServingException">It is something else, or has more texts.</exception>
    public static List<string> Texts(TensorProto tensor, int most)
    {
        if (tensor.Dtype != DataType.DtString)
        {
            throw ServingException.Invalid($"Expects arg[0] to be string but {Name(tensor.Dtype)} is provided");
        }

        var shape = tensor.TensorShape?.Dim.Select(dim => dim.Size).ToList() ?? [];
        var count = shape switch
        {
            [] => 1,
            [>= 0] or [>= 0, 1] => shape[0],
            _ => throw ServingException.Invalid($"input must be a vector of strings, got shape: [{string.Join(',', shape)}]"),
        };
        var content = tensor.TensorContent.Span;
        if (content.IsEmpty && tensor.StringVal.Count != count)
        {
            throw ServingException.Invalid($"a tensor of shape [{string.Join(',', shape)}] has {tensor.StringVal.Count} strings");
        }

        if (!content.IsEmpty && content.Length < count)
        {
            throw PackedStrings.Damaged(count);
        }

        return count > most ? throw ServingException.TooManyTexts(count, most)
            : content.IsEmpty ? [.. tensor.StringVal.Select(Text)]
            : PackedStrings.Read(content, (int)count);
    }

    /// <summary>The texts and pairs of examples.</summary>
    /// <exception cref="ServingException">There is none, or one has no text.</exception>
    public static List<TextPair> Texts(Input? input)
    {
        var (examples, context) = input?.KindCase switch
        {
            Input.KindOneofCase.ExampleList => (input.ExampleList.Examples, null),
            Input.KindOneofCase.ExampleListWithContext => (input.ExampleListWithContext.Examples, input.ExampleListWithContext.Context),
            _ => throw ServingException.Invalid("Input is empty."),
        };
        return examples.Count == 0
            ? throw ServingException.Invalid("Input is empty.")
            : [.. examples.Select(example => ExamplesReader.Pair(name => Strings(example, name) ?? (context is null ? null : Strings(context, name))))];
    }

    /// <summary>The logits of texts, [texts, K].</summary>
    public static TensorProto Logits(IReadOnlyList<Prediction> predictions)
    {
        var tensor = new TensorProto { Dtype = DataType.DtFloat, TensorShape = Shape([predictions.Count, predictions[0].Logits.Count]) };
        foreach (var prediction in predictions)
        {
            tensor.FloatVal.AddRange(prediction.Logits);
        }

        return tensor;
    }

    public static TensorShapeProto Shape(IReadOnlyList<long> shape)
    {
        var proto = new TensorShapeProto();
        proto.Dim.AddRange(shape.Select(size => new TensorShapeProto.Types.Dim { Size = size }));
        return proto;
    }

    private static string[]? Strings(Example example, string name) =>
        example.Features?.Feature.TryGetValue(name, out var feature) != true ? null : feature!.KindCase switch
        {
            Feature.KindOneofCase.BytesList => [.. feature.BytesList.Value.Select(Text)],
            Feature.KindOneofCase.None => null,
            var kind => throw ServingException.Invalid(
                $"Name: <unknown>, Feature: {name}.  Data types don't match. Data type: {(kind == Feature.KindOneofCase.FloatList ? "float" : "int64")} but expected type: string"),
        };

    private static string Text(ByteString bytes) => Encoding.UTF8.GetString(bytes.Span);

    private static string Name(DataType type) => type.ToString()[2..].ToLowerInvariant();
}
