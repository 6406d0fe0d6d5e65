using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Reports;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Inference;

public class ModelInfoTests
{
    [Fact]
    public void AModelFolderTellsAllOfItself()
    {
        using var temporary = new TemporaryFolder();
        var folder = TinyModel.Write(Path.Combine(temporary.Path, "model"));
        var info = ModelInfo.Read(folder, TestContext.Current.CancellationToken);
        var json = JsonNode.Parse(info.ToJson())!;

        Assert.Equal(info.Checkpoint.Elements, info.EncoderParameters + info.ClassifierParameters);
        Assert.Equal(25, info.ClassifierParameters);
        Assert.Equal("binary", (string?)json["task"]);
        Assert.Equal(["neg", "pos"], json["labels"]!.AsArray().Select(label => (string?)label));
        Assert.Equal("tf", (string?)json["tokenizer"]!["flavour"]);
        Assert.Equal(5, (int)json["recipe"]!["epochs"]!);
        Assert.Equal(0, (int)json["checkpoint"]!["not_finite"]!);
        Assert.True((long)json["memory"]!["bytes"]! > info.Checkpoint.Bytes);
        Assert.Equal(TinyModel.Config.FlopsPerToken(16), (double)json["flops_per_token"]!);
        Assert.Contains("neg, pos", info.ToText());
    }

    [Fact]
    public void OneFileIsReadToItsEnd()
    {
        using var temporary = new TemporaryFolder();
        var file = Path.Combine(TinyModel.Write(Path.Combine(temporary.Path, "model")), "model.safetensors");
        var info = ModelInfo.Read(file, TestContext.Current.CancellationToken);

        Assert.Equal(new EncoderShape("bert", 2, 24, null, 40, 24, 20, 32, 2, null), info.Encoder);
        Assert.Equal(1, info.Outputs);
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        Assert.Throws<CheckpointException>(() => ModelInfo.Read(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void ValuesThatAreNotFiniteAreNoticed()
    {
        using var temporary = new TemporaryFolder();
        var file = temporary["weights.safetensors"];
        var writer = new SafetensorsWriter();
        writer.Add("a", [2], new float[] { 1, 2 });
        writer.Add("b", [3], new[] { 1, float.NaN, float.PositiveInfinity });
        writer.Write(file);
        var info = ModelInfo.Read(file, TestContext.Current.CancellationToken);

        Assert.Equal((2L, "b"), (info.Checkpoint.NotFinite, info.Checkpoint.FirstNotFinite));
        Assert.Contains("2 values of the weights are NaN or infinite", info.ToText());
    }

    [Fact]
    public void TheStructureIsDrawnFromTextToLogits()
    {
        using var temporary = new TemporaryFolder();
        var nodes = ModelStructure.Of(ModelInfo.Read(TinyModel.Write(Path.Combine(temporary.Path, "model")), TestContext.Current.CancellationToken));
        var svg = ModelDiagramSvg.Render(nodes);

        Assert.Equal(["text", "preprocessing", "embeddings", "block", "pooler", "dropout", "classifier"], nodes.Select(node => node.Name));
        Assert.Equal(2, nodes.Single(node => node.Name == "block").Repeat);
        Assert.StartsWith("<svg", svg);
        Assert.Contains("[batch, 1]", svg);
    }
}
