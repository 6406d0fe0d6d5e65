using System.Text.Json.Nodes;
using Beret.Models;
using Beret.Numerics;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Models;

/// <summary>config.json: what is read, and what is refused with the file, the key and the reason.</summary>
public sealed class ConfigReaderTests : IDisposable
{
    private const string Sound = """
        {"model_type": "bert", "vocab_size": 100, "hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
         "max_position_embeddings": 64, "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void SizesAreReadAndWhatIsAbsentIsBertsDefault()
    {
        var config = Read(Sound);
        Assert.Equal((100, 48, 2, 4, 96, 64, 2), (
            config.VocabularySize, config.HiddenSize, config.Layers, config.Heads, config.IntermediateSize, config.MaxPositions, config.TypeVocabularySize));
        Assert.Equal((48, Activation.Gelu, 1e-12f, 0, 0.02), (
            config.EmbeddingSize, config.Activation, config.LayerNormEpsilon, config.PaddingId, config.InitializerRange));
        Assert.Equal((0.1, 0.1, 0.1), (config.HiddenDropout, config.AttentionDropout, config.ClassifierDropout));
        Assert.Null(config.Labels);
    }

    [Fact]
    public void TheClassifiersDropoutIsTheHiddenOneUnlessGiven()
    {
        Assert.Equal(0.3, Read(With("hidden_dropout_prob", "0.3")).ClassifierDropout);
        Assert.Equal(0.2, Read(With("classifier_dropout", "0.2")).ClassifierDropout);
        Assert.Equal(0.1, Read(With("classifier_dropout", "null")).ClassifierDropout);
    }

    [Theory]
    [InlineData("3", 3)]
    [InlineData("-1", -1)]
    [InlineData("null", -1)]
    public void ThePaddingTokenIsTheGivenOneOrNone(string id, int expected) => Assert.Equal(expected, Read(With("pad_token_id", id)).PaddingId);

    [Fact]
    public void LabelsComeInTheOrderOfTheirNumbers()
    {
        string[] expected = [.. Enumerable.Range(0, 11).Select(i => $"l{i}")];
        var map = string.Join(", ", expected.Reverse().Select(label => $"\"{label[1..]}\": \"{label}\""));
        Assert.Equal(expected, Read(With("id2label", $"{{{map}}}")).Labels);
    }

    [Theory]
    [InlineData("\"gelu\"", Activation.Gelu)]
    [InlineData("\"gelu_new\"", Activation.GeluTanh)]
    [InlineData("\"gelu_pytorch_tanh\"", Activation.GeluTanh)]
    [InlineData("\"relu\"", Activation.Relu)]
    [InlineData("null", Activation.Gelu)]
    internal void TheActivationIsTheNamedOne(string name, Activation expected) => Assert.Equal(expected, Read(With("hidden_act", name)).Activation);

    [Theory]
    [InlineData("vocab_size")]
    [InlineData("hidden_size")]
    [InlineData("num_hidden_layers")]
    [InlineData("num_attention_heads")]
    [InlineData("intermediate_size")]
    [InlineData("max_position_embeddings")]
    [InlineData("type_vocab_size")]
    public void ASizeHasToBeThereAndToBeOne(string key)
    {
        var config = JsonNode.Parse(Sound)!.AsObject();
        config.Remove(key);
        Refused(config.ToJsonString(), $"{key} is missing");
        Refused(With(key, "null"), $"{key} is missing");
        foreach (var value in (string[])["\"768\"", "0", "-1", "48.5", "1048577", "9999999999999999999", "1e400", "[48]", "{}", "true"])
        {
            Refused(With(key, value), $"{key} is {value}, not");
        }
    }

    [Theory]
    [InlineData("num_attention_heads", "5", "hidden_size 48 is not a multiple of num_attention_heads 5")]
    [InlineData("num_attention_heads", "96", "hidden_size 48 is not a multiple of num_attention_heads 96")]
    [InlineData("is_decoder", "true", "is_decoder is true; a decoder's causal attention is not supported")]
    [InlineData("add_cross_attention", "true", "add_cross_attention is true")]
    [InlineData("position_embedding_type", "\"relative_key\"", "position_embedding_type is \"relative_key\"; only \"absolute\" is supported")]
    [InlineData("model_type", "\"t5\"", "model_type is \"t5\"")]
    [InlineData("model_type", "7", "model_type is 7, not a string")]
    [InlineData("hidden_act", "\"swish\"", "hidden_act is \"swish\"; supported are")]
    [InlineData("hidden_act", "3", "hidden_act is 3, not a string")]
    [InlineData("hidden_dropout_prob", "1", "hidden_dropout_prob is 1, not a number in [0, 1)")]
    [InlineData("hidden_dropout_prob", "-0.1", "hidden_dropout_prob is -0.1, not a number in [0, 1)")]
    [InlineData("attention_probs_dropout_prob", "\"0.1\"", "attention_probs_dropout_prob is \"0.1\", not a number")]
    [InlineData("classifier_dropout", "2", "classifier_dropout is 2, not a number in [0, 1)")]
    [InlineData("layer_norm_eps", "-1e-12", "layer_norm_eps is -1e-12, not")]
    [InlineData("layer_norm_eps", "1e300", "layer_norm_eps is 1e300, not")]
    [InlineData("layer_norm_eps", "\"tiny\"", "layer_norm_eps is \"tiny\", not a number")]
    [InlineData("initializer_range", "-0.02", "initializer_range is -0.02, not")]
    [InlineData("embedding_size", "0", "embedding_size is 0, not a whole number")]
    [InlineData("pad_token_id", "0.5", "pad_token_id is 0.5, not")]
    [InlineData("pad_token_id", "1e12", "pad_token_id is 1e12, not")]
    [InlineData("pad_token_id", "\"[PAD]\"", "pad_token_id is \"[PAD]\", not a number")]
    [InlineData("id2label", "[]", "id2label is [], not an object")]
    [InlineData("id2label", "{}", "id2label is {}, not an object from the numbers 0, 1, 2, …")]
    [InlineData("id2label", "{\"1\": \"a\", \"2\": \"b\"}", "not an object from the numbers 0, 1, 2, …")]
    [InlineData("id2label", "{\"0\": \"a\", \"2\": \"b\"}", "not an object from the numbers 0, 1, 2, …")]
    [InlineData("id2label", "{\"0\": \"a\", \"00\": \"b\"}", "not an object from the numbers 0, 1, 2, …")]
    [InlineData("id2label", "{\"0\": 7}", "not an object from the numbers 0, 1, 2, …")]
    [InlineData("num_labels", "0", "num_labels is 0, not a whole number")]
    [InlineData("num_labels", "2.5", "num_labels is 2.5, not a whole number")]
    [InlineData("id2label", "{\"0\": \"\\ud800\"}", "is not valid JSON")] // half a character
    [InlineData("id2label", "{\"\\ud800\": \"a\"}", "is not valid JSON")]
    [InlineData("model_type", "\"\\udc00\"", "is not valid JSON")]
    [InlineData("problem_type", "{}", "problem_type is {}, not a string")]
    public void WhatCannotBeIsRefusedByName(string key, string value, string message) => Refused(With(key, value), message);

    [Theory]
    [InlineData("", "is not valid JSON")]
    [InlineData("{", "is not valid JSON")]
    [InlineData("\u0001", "is not valid JSON")]
    [InlineData("[]", "holds no JSON object")]
    [InlineData("null", "holds no JSON object")]
    [InlineData("\"bert\"", "holds no JSON object")]
    public void AFileThatIsNoConfigurationIsRefused(string text, string message) => Refused(text, message);

    [Fact]
    public void AFileThatIsNestedWithoutEndIsRefused() => Refused(string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), "is not valid JSON");

    [Fact]
    public void AFileThatIsNoUnicodeIsRefused() =>
        Assert.Contains("is not valid JSON", Refused(folder.Write("config.json", [.. "{\"model_type\": \""u8, 0xFF, 0xFE, .. "\"}"u8])).Message);

    [Fact]
    public void AFileThatCannotBeOpenedIsRefused()
    {
        var path = folder.Write("config.json", Sound);
        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.Contains("cannot be read", Refused(path).Message);
    }

    [Fact]
    public void AFileThatIsFarTooLargeIsRefusedUnread()
    {
        var path = folder["config.json"];
        using (var file = File.Create(path))
        {
            file.SetLength(1L << 33);
        }

        Assert.Contains("larger than 16 MiB", Refused(path).Message);
    }

    [Fact]
    public void AMissingFileIsSaidToBeMissing() => Assert.Contains("does not exist", Refused(folder["config.json"]).Message);

    private static string With(string key, string json)
    {
        var config = JsonNode.Parse(Sound)!.AsObject();
        config.Remove(key);
        var rest = config.ToJsonString();
        return $"{rest[..^1]}, \"{key}\": {json}}}";
    }

    private EncoderConfig Read(string json) => ConfigReader.Read(folder.Write("config.json", json));

    private void Refused(string json, string message) => Assert.Contains(message, Refused(folder.Write("config.json", json)).Message);

    private static ModelException Refused(string path)
    {
        var error = Assert.Throws<ModelException>(() => ConfigReader.Read(path));
        Assert.Contains(path, error.Message);
        return error;
    }
}
