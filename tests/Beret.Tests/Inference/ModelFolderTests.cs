using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Numerics;
using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Inference;

public class ModelFolderTests
{
    [Fact]
    public void TheWeightsAreReadBackToTheSameBits()
    {
        using var temporary = new TemporaryFolder();
        var folder = Path.Combine(temporary.Path, "model");
        using var backend = CpuBackend.Create(1);
        using var model = TinyModel.Create(backend, 1);
        ModelFolder.Write(folder, model, TinyModel.MakeTokenizer(folder, TokenizerFlavour.TensorFlow), TinyModel.Binary);
        var opened = ModelFolder.Load(folder, backend);
        using var reloaded = opened.Model;

        Assert.Equal(model.Parameters.All.Select(p => p.Name), reloaded.Parameters.All.Select(p => p.Name));
        foreach (var (before, after) in model.Parameters.All.Zip(reloaded.Parameters.All))
        {
            var (a, b) = (new float[before.Length], new float[after.Length]);
            backend.Read(before.Value, a);
            backend.Read(after.Value, b);
            Assert.Equal(a.Select(BitConverter.SingleToInt32Bits), b.Select(BitConverter.SingleToInt32Bits));
        }

        Assert.Equal(model.Config with { Labels = null, ProblemType = null }, reloaded.Config with { Labels = null, ProblemType = null });
        Assert.False(opened.IsPlain);
    }

    [Fact]
    public void TheDescriptionIsReadBackAsItWas()
    {
        using var temporary = new TemporaryFolder();
        var folder = TinyModel.Write(Path.Combine(temporary.Path, "model"));
        var read = ModelDescription.Read(folder)!;

        Assert.Equal("binary", read.Task);
        Assert.Equal(["neg", "pos"], read.Labels);
        Assert.Equal(TokenizerFlavour.TensorFlow, read.Flavour);
        Assert.Equal((16, Truncation.Head, "tiny", "nowhere"), (read.MaxLength, read.Truncation, read.BaseModel, read.DataOrigin));
        Assert.Equal(5, read.Recipe!.Value.GetProperty("epochs").GetInt32());
        Assert.Equal(["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"], read.Checksums.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void ConfigJsonIsTheOneOfBertForSequenceClassification()
    {
        using var temporary = new TemporaryFolder();
        var folder = TinyModel.Write(Path.Combine(temporary.Path, "model"));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;

        Assert.Equal("BertForSequenceClassification", (string?)config["architectures"]![0]);
        Assert.Equal("bert", (string?)config["model_type"]);
        Assert.Equal("gelu_new", (string?)config["hidden_act"]);
        Assert.Equal((20, 24, 2, 3, 40, 32, 2), ((int)config["vocab_size"]!, (int)config["hidden_size"]!, (int)config["num_hidden_layers"]!,
            (int)config["num_attention_heads"]!, (int)config["intermediate_size"]!, (int)config["max_position_embeddings"]!, (int)config["type_vocab_size"]!));

        // With one logit: a sigmoid and binary cross-entropy, which transformers has under this name; its only label is the positive class.
        Assert.Equal("multi_label_classification", (string?)config["problem_type"]);
        Assert.Equal("""{"0":"pos"}""", config["id2label"]!.ToJsonString());
        Assert.Equal("""{"pos":0}""", config["label2id"]!.ToJsonString());
        using var checkpoint = Checkpoint.Open(folder);
        Assert.All(
            ["bert.embeddings.word_embeddings.weight", "bert.encoder.layer.1.attention.self.query.weight", "bert.pooler.dense.bias", "classifier.weight"],
            name => Assert.True(checkpoint.Contains(name), name));
    }

    [Fact]
    public void TheSameModelGivesTheSameFiles()
    {
        using var temporary = new TemporaryFolder();
        var (a, b) = (TinyModel.Write(Path.Combine(temporary.Path, "a")), TinyModel.Write(Path.Combine(temporary.Path, "b")));
        Assert.All(Directory.GetFiles(a), file => Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(b, Path.GetFileName(file)))));
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("vocab.txt")]
    [InlineData("config.json")]
    [InlineData("tokenizer_config.json")]
    public void AFlippedBitIsFound(string name)
    {
        using var temporary = new TemporaryFolder();
        var folder = TinyModel.Write(Path.Combine(temporary.Path, "model"));
        var bytes = File.ReadAllBytes(Path.Combine(folder, name));
        bytes[^3] ^= 1;
        File.WriteAllBytes(Path.Combine(folder, name), bytes);

        var error = Assert.ThrowsAny<BeretException>(() => Classifier.Load(folder));
        Assert.Contains(name, error.Message);
        Assert.Contains("SHA-256", error.Message);
    }

    [Fact]
    public void WhatAnEarlierModelLeftIsNotTakenForThisOnes()
    {
        using var temporary = new TemporaryFolder();
        var folder = Path.Combine(temporary.Path, "model");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "{}");
        File.WriteAllText(Path.Combine(folder, "log.jsonl"), "{}\n");
        TinyModel.Write(folder);

        Assert.False(File.Exists(Path.Combine(folder, "tokenizer.json")));
        Assert.True(File.Exists(Path.Combine(folder, "log.jsonl")));
        Classifier.Load(folder).Dispose();
    }

    [Fact]
    public void ADescriptionThatDoesNotFitTheModelIsNotWritten()
    {
        using var temporary = new TemporaryFolder();
        var folder = Path.Combine(temporary.Path, "model");
        using var backend = CpuBackend.Create(1);
        using var model = TinyModel.Create(backend, 2);
        var tokenizer = TinyModel.MakeTokenizer(folder, TokenizerFlavour.HuggingFace);

        Assert.Throws<InferenceException>(() => ModelFolder.Write(folder, model, tokenizer, TinyModel.Binary));
        Assert.False(Directory.Exists(folder));
    }

    public static TheoryData<string, string> HostileDescriptions => new()
    {
        { "no JSON", "{" },
        { "no object", "[1]" },
        { "format_version is missing", "{}" },
        { "this program reads 1", """{"format_version": 2, "beret_version": "9.0"}""" },
        { "format_version", """{"format_version": 1e300}""" },
        { "task is 'regressor'", """{"format_version": 1, "task": "regressor", "labels": []}""" },
        { "two labels", """{"format_version": 1, "task": "binary", "labels": ["a"]}""" },
        { "twice", """{"format_version": 1, "task": "binary", "labels": ["a", "a"]}""" },
        { "labels[1]", """{"format_version": 1, "task": "binary", "labels": ["a", 1]}""" },
        { "no Unicode", """{"format_version": 1, "task": "binary", "labels": ["a", "\ud800"]}""" },
        { "tokenizer is missing", """{"format_version": 1, "task": "binary", "labels": ["a", "b"]}""" },
        { "tokenizer.flavour", Tokenizer("\"flavour\": \"js\", \"max_length\": 16, \"truncation\": \"head\"") },
        { "tokenizer.max_length is '-1'", Tokenizer("\"flavour\": \"hf\", \"max_length\": -1, \"truncation\": \"head\"") },
        { "tokenizer.max_length is '99999999999'", Tokenizer("\"flavour\": \"hf\", \"max_length\": 99999999999, \"truncation\": \"head\"") },
        { "only 32 positions", Tokenizer("\"flavour\": \"hf\", \"max_length\": 33, \"truncation\": \"head\"") },
        { "truncation", Tokenizer("\"flavour\": \"hf\", \"max_length\": 16, \"truncation\": \"middle\"") },
        { "not the name of a file", Tokenizer("\"flavour\": \"hf\", \"max_length\": 16, \"truncation\": \"head\"", """{"../../etc/passwd": "00"}""") },
        { "64 hexadecimal", Tokenizer("\"flavour\": \"hf\", \"max_length\": 16, \"truncation\": \"head\"", """{"vocab.txt": "00"}""") },
        { "no entry for model.safetensors", Tokenizer("\"flavour\": \"hf\", \"max_length\": 16, \"truncation\": \"head\"", "{}") },
    };

    [Theory]
    [MemberData(nameof(HostileDescriptions))]
    public void AHostileDescriptionIsRefusedWithItsFault(string fault, string json)
    {
        using var temporary = new TemporaryFolder();
        var folder = TinyModel.Write(Path.Combine(temporary.Path, "model"));
        var sums = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, ModelDescription.FileName)))!["sha256"]!.ToJsonString();
        File.WriteAllText(Path.Combine(folder, ModelDescription.FileName), json.Replace("SUMS", sums, StringComparison.Ordinal));

        var error = Assert.Throws<InferenceException>(() => Classifier.Load(folder));
        Assert.Contains(fault == "no JSON" ? "not valid JSON" : fault == "no object" ? "no JSON object" : fault, error.Message);
    }

    [Theory]
    [InlineData("hidden_size", 1048576)]
    [InlineData("num_hidden_layers", 1048576)]
    [InlineData("vocab_size", 1048576)]
    public void AConfigurationLargerThanTheCheckpointTakesNoMemory(string key, int value)
    {
        using var temporary = new TemporaryFolder();
        var folder = TinyModel.Write(Path.Combine(temporary.Path, "model"));
        File.Delete(Path.Combine(folder, ModelDescription.FileName));
        var path = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        config[key] = value;
        config["num_attention_heads"] = 1;
        File.WriteAllText(path, config.ToJsonString());

        Assert.Contains("holds only", Assert.ThrowsAny<BeretException>(() => Classifier.Load(folder)).Message);
    }

    private static string Tokenizer(string fields, string sums = "SUMS") =>
        $$"""{"format_version": 1, "task": "binary", "labels": ["a", "b"], "tokenizer": { {{fields}} }, "sha256": {{sums}}}""";
}
