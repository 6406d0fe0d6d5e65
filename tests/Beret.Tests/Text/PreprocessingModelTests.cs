using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>The preprocessing models of TensorFlow Hub's exporter, whose vocabulary has its special tokens elsewhere than BERT's own.</summary>
public class PreprocessingModelTests
{
    [Theory]
    [InlineData("preprocess-wordpiece-uncased", true)]
    [InlineData("preprocess-wordpiece-cased", false)]
    [InlineData("preprocess-sentencepiece", true)]
    public void PackedInputsEqualTheModels(string name, bool lowerCase)
    {
        var (tokenizer, texts, root) = Load(name, lowerCase);
        var special = root.GetProperty("special_tokens");
        Assert.Equal(special.GetProperty("padding_id").GetInt32(), tokenizer.PaddingId);
        Assert.Equal(special.GetProperty("start_of_sequence_id").GetInt32(), tokenizer.ClassificationId);
        Assert.Equal(special.GetProperty("end_of_segment_id").GetInt32(), tokenizer.SeparatorId);
        Assert.Equal(special.GetProperty("mask_id").GetInt32(), tokenizer.MaskId);
        Assert.Equal(special.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);

        var tensors = ReadTensors(Shared.Path("fixtures", "tf", name, "expected.safetensors"));
        var pairs = root.GetProperty("pairs").EnumerateArray().Select(p => (texts[p[0].GetInt32()], (string?)texts[p[1].GetInt32()])).ToArray();
        foreach (var length in new[] { 128, 16 })
        {
            AssertPacked(tokenizer, [.. texts.Select(t => (t, (string?)null))], length, $"single_{length}", tensors);
        }

        foreach (var length in new[] { 128, 16, 9 })
        {
            AssertPacked(tokenizer, pairs, length, $"pair_{length}", tensors);
        }

        foreach (var length in new[] { 5, 4, 3 })
        {
            AssertPacked(tokenizer, pairs[..6], length, $"pair_{length}", tensors);
        }
    }

    [Theory]
    [InlineData("preprocess-wordpiece-uncased", true)]
    [InlineData("preprocess-wordpiece-cased", false)]
    [InlineData("preprocess-sentencepiece", true)]
    public void TokensAndInvalidUtf8AreTheModels(string name, bool lowerCase)
    {
        var (tokenizer, texts, root) = Load(name, lowerCase);
        var tokens = root.GetProperty("tokens");
        for (var i = 0; i < texts.Length; i++)
        {
            int[] expected = [.. tokens[i].EnumerateArray().SelectMany(word => word.ValueKind == JsonValueKind.Array ? word.Ints() : [word.GetInt32()])];
            Assert.Equal(expected, tokenizer.Encode(texts[i], options: new EncodeOptions { AddSpecialTokens = false }).Ids);
        }

        foreach (var invalid in root.GetProperty("invalid_utf8").EnumerateArray())
        {
            var text = Encoding.UTF8.GetString(invalid.GetProperty("bytes_base64").GetBytesFromBase64());
            Assert.Equal(invalid.GetProperty("input_word_ids").Ints(), tokenizer.Encode(text).Ids);
        }
    }

    private static (Tokenizer Tokenizer, string[] Texts, JsonElement Root) Load(string name, bool lowerCase)
    {
        var root = JsonDocument.Parse(File.ReadAllText(Shared.Path("fixtures", "tf", name, "case.json"))).RootElement;

        // A vocabulary is an asset of the SavedModel; a SentencePiece model is inside it, and the same lies beside it.
        string[] folder = name == "preprocess-sentencepiece" ? ["fixtures", "tf", name] : ["fixtures", "tf", name, "saved_model"];
        var tokenizer = Tokenizer.Load(Shared.Path(folder), TokenizerFlavour.TensorFlow, lowerCase);
        return (tokenizer, [.. root.GetProperty("texts").EnumerateArray().Select(t => t.GetString()!)], root);
    }

    private static void AssertPacked(
        Tokenizer tokenizer, (string Text, string? Pair)[] inputs, int length, string name, Dictionary<string, int[]> tensors)
    {
        var (ids, mask, types) = (tensors[$"{name}/input_word_ids"], tensors[$"{name}/input_mask"], tensors[$"{name}/input_type_ids"]);
        Assert.Equal(inputs.Length * length, ids.Length);
        for (var i = 0; i < inputs.Length; i++)
        {
            var row = tokenizer.Encode(inputs[i].Text, inputs[i].Pair, new EncodeOptions { MaxLength = length });
            int[] Padded(int[] values, int pad) => [.. values, .. Enumerable.Repeat(pad, length - values.Length)];
            Assert.Equal(ids[(i * length)..((i + 1) * length)], Padded(row.Ids, tokenizer.PaddingId));
            Assert.Equal(types[(i * length)..((i + 1) * length)], Padded(row.Types, 0));
            Assert.Equal(mask[(i * length)..((i + 1) * length)].Sum(), row.Ids.Length);
        }
    }

    /// <summary>The int32 tensors of a safetensors file.</summary>
    internal static Dictionary<string, int[]> ReadTensors(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, header));
        var tensors = new Dictionary<string, int[]>();
        foreach (var tensor in json.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__" && t.Value.GetProperty("dtype").GetString() == "I32"))
        {
            var range = tensor.Value.GetProperty("data_offsets").Ints();
            tensors[tensor.Name] = MemoryMarshal.Cast<byte, int>(bytes.AsSpan(8 + header + range[0], range[1] - range[0])).ToArray();
        }

        return tensors;
    }
}
