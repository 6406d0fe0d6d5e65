using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Onnx;
using Beret.Onnx.Checks;
using Beret.Tasks;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Beret.Tests.Models;
using Beret.Text;

namespace Beret.Tests.Export;

/// <summary>What a text-classification pipeline of Hugging Face (transformers.js) answers from an exported folder, beside what Beret answers.</summary>
public sealed class PipelineTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData(TaskNames.Binary)]
    [InlineData(TaskNames.MultiClass)]
    public void APipelineGivesTheLabelsAndScoresOfBeret(string task)
    {
        var node = NodeModules.Require(NodeRuntime.Transformers);
        var source = TinyModel.Write(temporary["model"], Description(task));
        HuggingFaceExport.Write(source, temporary["out"]);
        using var classifier = Classifier.Load(source);
        foreach (var (prediction, answer) in classifier.Predict(TinyModel.Sentences, TestContext.Current.CancellationToken).Zip(Answers(node, temporary["out"])))
        {
            Assert.Equal(prediction.Label, answer.MaxBy(pair => pair.Value).Key);
            Assert.All(classifier.Labels.Index(), label => Assert.Equal(prediction.Probabilities[label.Index], answer[label.Item], 1e-5));
        }
    }

    [Fact]
    public void APipelineGivesEachLabelOfAMultiLabelModelItsProbability()
    {
        var node = NodeModules.Require(NodeRuntime.Transformers);
        var source = TinyModel.Write(temporary["model"], Description(TaskNames.MultiLabel));
        HuggingFaceExport.Write(source, temporary["out"]);
        using var classifier = Classifier.Load(source);
        foreach (var (prediction, answer) in classifier.Predict(TinyModel.Sentences, TestContext.Current.CancellationToken).Zip(Answers(node, temporary["out"])))
        {
            Assert.All(classifier.Labels.Index(), label => Assert.Equal(prediction.Probabilities[label.Index], answer[label.Item], 1e-5));
        }
    }

    /// <summary>Every family that Hugging Face has, by the names of its own configuration.</summary>
    [Theory]
    [InlineData("bert, mean")]
    [InlineData("albert")]
    [InlineData("electra")]
    [InlineData("electra with a pooler")]
    [InlineData("distilbert")]
    [InlineData("roberta")]
    [InlineData("mpnet")]
    [InlineData("deberta v3")]
    [InlineData("modernbert")]
    public void APipelineRunsEveryFamily(string name)
    {
        var node = NodeModules.Require(NodeRuntime.Transformers);
        var config = SmallModel.Named(name);
        var description = Description(TaskNames.MultiClass);
        using (var backend = CpuBackend.Create(1))
        using (var model = SmallModel.Create(backend, config, description.Outputs))
        {
            ModelFolder.Write(temporary["model"], model, TinyModel.MakeTokenizer(temporary["model"], TokenizerFlavour.HuggingFace), description);
        }

        HuggingFaceExport.Write(temporary["model"], temporary["out"]);
        using var classifier = Classifier.Load(temporary["model"]);
        foreach (var (prediction, answer) in classifier.Predict(TinyModel.Sentences, TestContext.Current.CancellationToken).Zip(Answers(node, temporary["out"])))
        {
            Assert.All(classifier.Labels.Index(), label => Assert.Equal(prediction.Probabilities[label.Index], answer[label.Item], 1e-4));
        }
    }

    [Fact]
    public void APipelineRunsTheOtherPrecisionsUnderTheirNames()
    {
        var node = NodeModules.Require(NodeRuntime.Transformers);
        var source = TinyModel.Write(temporary["model"], Description(TaskNames.MultiClass));
        using var classifier = Classifier.Load(source);
        var expected = classifier.Predict(TinyModel.Sentences[0]);
        foreach (var precision in (OnnxPrecision[])[OnnxPrecision.Float16, OnnxPrecision.Int8])
        {
            var folder = temporary[precision.Format()];
            HuggingFaceExport.Write(source, folder, new OnnxExportOptions { Precision = precision });
            var answer = Answers(node, folder, precision.Format())[0];
            Assert.All(classifier.Labels.Index(), label => Assert.Equal(expected.Probabilities[label.Index], answer[label.Item], 0.05));
        }
    }

    [Fact]
    public void APipelineFindsWeightsInAFileOfTheirOwn()
    {
        var node = NodeModules.Require(NodeRuntime.Transformers);
        var source = TinyModel.Write(temporary["model"], Description(TaskNames.MultiClass));
        HuggingFaceExport.Write(source, temporary["out"], new OnnxExportOptions { MostInside = 0 });
        Assert.True(File.Exists(temporary["out", "onnx", "model.onnx_data"]));
        using var classifier = Classifier.Load(source);
        var answer = Answers(node, temporary["out"])[0];
        Assert.All(classifier.Predict(TinyModel.Sentences[0]).Probabilities.Index(), one => Assert.Equal(one.Item, answer[classifier.Labels[one.Index]], 1e-5));
    }

    [Fact]
    public void TheFolderIsAModelFolderOfHuggingFace()
    {
        var source = TinyModel.Write(temporary["model"]);
        HuggingFaceExport.Write(source, temporary["out"]);
        Assert.Equal(
            ["config.json", "model.safetensors", "onnx/model.onnx", "tokenizer.json", "tokenizer_config.json", "vocab.txt"],
            Directory.EnumerateFiles(temporary["out"], "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(temporary["out"], file).Replace('\\', '/')).Order(StringComparer.Ordinal));
        using var config = JsonDocument.Parse(File.ReadAllBytes(temporary["out", "config.json"]));
        Assert.Equal("""{"0":"neg","1":"pos"}""", JsonSerializer.Serialize(config.RootElement.GetProperty("id2label")));
        Assert.Equal("""{"neg":0,"pos":1}""", JsonSerializer.Serialize(config.RootElement.GetProperty("label2id")));
        Assert.Equal("single_label_classification", config.RootElement.GetProperty("problem_type").GetString());
        using var tokenizer = JsonDocument.Parse(File.ReadAllBytes(temporary["out", "tokenizer_config.json"]));
        Assert.Equal(TinyModel.Binary.MaxLength, tokenizer.RootElement.GetProperty("model_max_length").GetInt32());
    }

    [Fact]
    public void BeretReadsTheFolderBackWithTwoLogitsForOne()
    {
        var source = TinyModel.Write(temporary["model"], Description(TaskNames.Binary));
        HuggingFaceExport.Write(source, temporary["out"]);
        using var before = Classifier.Load(source);
        using var after = Classifier.Load(temporary["out"]);
        Assert.Equal(["neg", "pos"], after.Labels);
        foreach (var text in TinyModel.Sentences)
        {
            var (one, two) = (before.Predict(text), after.Predict(text));
            Assert.Equal([0, one.Logits[0]], two.Logits);
            Assert.Equal(one.Label, two.Label);
        }
    }

    [Fact]
    public void WhatHuggingFaceDoesNotHaveIsRefused()
    {
        using (var backend = CpuBackend.Create(1))
        using (var model = SmallModel.Create(backend, SmallModel.Named("talking heads"), 3))
        {
            ModelFolder.Write(temporary["model"], model, TinyModel.MakeTokenizer(temporary["model"], TokenizerFlavour.HuggingFace), Description(TaskNames.MultiClass));
        }

        Assert.Contains("--format onnx", Assert.Throws<OnnxException>(() => HuggingFaceExport.Write(temporary["model"], temporary["out"])).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(temporary["out"]));
    }

    private static ModelDescription Description(string task) => (task == TaskNames.Binary ? TinyModel.Binary : TinyModel.MultiClass) with
    {
        Task = task, Flavour = TokenizerFlavour.HuggingFace, Truncation = Truncation.Head,
    };

    /// <summary>For each of the sentences every label with its score.</summary>
    private static Dictionary<string, double>[] Answers(NodeRuntime node, string folder, string precision = "fp32")
    {
        var answer = node.Ask(new JsonObject { ["folder"] = folder, ["dtype"] = precision, ["texts"] = new JsonArray([.. TinyModel.Sentences.Select(text => (JsonNode)text)]) });
        return [.. answer.GetProperty("answers").EnumerateArray().Select(labels => labels.EnumerateArray().ToDictionary(pair => pair.GetProperty("label").GetString()!, pair => pair.GetProperty("score").GetDouble()))];
    }
}
