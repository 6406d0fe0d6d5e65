using System.Buffers.Binary;
using System.Text;
using Beret.Inference;

namespace Beret.Server.Protocols.OpenInference;

/// <summary>An input of a request: the texts, or what stands beside them in pairs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Texts">Its values.</param>
internal sealed record InputTensor(string Name, IReadOnlyList<string> Texts)
{
    public const string Text = "text";
    public const string Pair = "pair";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Checks what is said of an input.</summary>
    /// <returns>The number of texts that its shape has.</returns>
    /// <exception cref="ServingException">The model has no such input.</exception>
    public static int Check(string name, string datatype, IReadOnlyList<long> shape)
    {
        if (name is not (Text or Pair))
        {
            throw ServingException.Invalid($"there is no input '{name}': the model takes '{Text}', and beside it '{Pair}' for pairs");
        }

        if (datatype != OutputTensor.Bytes)
        {
            throw ServingException.Invalid($"input '{name}' is of datatype {datatype}: texts are {OutputTensor.Bytes}");
        }

        return shape is [>= 1 and <= int.MaxValue] or [>= 1 and <= int.MaxValue, 1]
            ? (int)shape[0]
            : throw ServingException.Invalid($"input '{name}' has the shape [{string.Join(", ", shape)}]: it is [texts] or [texts, 1], with at least one text");
    }

    /// <summary>Reads texts as bytes, each behind its length in four bytes, little-endian.</summary>
    /// <exception cref="ServingException">The bytes are no such texts.</exception>
    public static List<string> ReadRaw(string name, ReadOnlySpan<byte> raw, int count)
    {
        var texts = new List<string>();
        while (!raw.IsEmpty)
        {
            var length = raw.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(raw);
            if (length < 0 || length > raw.Length - sizeof(int))
            {
                throw ServingException.Invalid($"input '{name}' has {raw.Length} bytes behind text {texts.Count} that are not a text with its length");
            }

            texts.Add(Decode(name, raw.Slice(sizeof(int), length)));
            raw = raw[(sizeof(int) + length)..];
        }

        CheckCount(name, texts.Count, count);
        return texts;
    }

    /// <exception cref="ServingException">There are not as many texts as the shape says.</exception>
    public static void CheckCount(string name, int texts, int count)
    {
        if (texts != count)
        {
            throw ServingException.Invalid($"input '{name}' has {texts} texts, and its shape says {count}");
        }
    }

    /// <exception cref="ServingException">The bytes are not UTF-8.</exception>
    public static string Decode(string name, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw ServingException.Invalid($"a text of input '{name}' is not UTF-8");
        }
    }

    /// <summary>Joins the inputs of a request.</summary>
    /// <exception cref="ServingException">There is no text, an input twice, or not as many in one as in the other.</exception>
    public static List<TextPair> Join(IReadOnlyList<InputTensor> inputs)
    {
        if (inputs.GroupBy(input => input.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw ServingException.Invalid($"input '{twice.Key}' is there twice");
        }

        var texts = inputs.FirstOrDefault(input => input.Name == Text)?.Texts ?? throw ServingException.Invalid($"there is no input '{Text}'");
        if (inputs.FirstOrDefault(input => input.Name == Pair)?.Texts is not { } pairs)
        {
            return [.. texts.Select(text => new TextPair(text))];
        }

        return pairs.Count == texts.Count
            ? [.. texts.Zip(pairs, (text, pair) => new TextPair(text, pair))]
            : throw ServingException.Invalid($"input '{Text}' has {texts.Count} texts and input '{Pair}' {pairs.Count}");
    }
}
