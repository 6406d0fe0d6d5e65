using System.Text.Json.Nodes;
using Beret.Tests.Data;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

/// <summary>Folders as GLUE publishes them, from training to a submission.</summary>
public sealed class GlueCommandTests : IDisposable
{
    private static readonly string[] Quick = ["--epochs", "10", "--batch-size", "16", "--max-length", "48", "--learning-rate", "3e-3", "--threads", "2"];

    private readonly TinyWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Sst2IsTrainedOnAndAnswered()
    {
        var folder = GlueWorld.Write(world, "SST-2");
        var trained = await CommandRun.Of(["train", folder, "--model", world.Model, "--output", world.Output("run"), "--json", .. Quick]);
        Assert.True(trained.Code == 0, trained.Error);
        var validation = JsonNode.Parse(trained.Output)!["validation"]!;
        Assert.Equal((20, "binary"), ((int)validation["examples"]!, (string)validation["task"]!));

        var evaluated = await CommandRun.Of("evaluate", world.Output("run"), folder, "--json");
        Assert.Contains("GLUE judges SST-2 by accuracy", evaluated.Error, StringComparison.Ordinal);
        Assert.Equal((double)validation["accuracy"]!, (double)JsonNode.Parse(evaluated.Output)!["accuracy"]!);
        Assert.Contains("GLUE does not publish", (await CommandRun.Of("evaluate", world.Output("run"), folder, "--split", "test")).Error, StringComparison.Ordinal);

        var answered = await CommandRun.Of("predict", world.Output("run"), "--glue", folder, "--submission", world.Output("submission"));
        Assert.True(answered.Code == 0, answered.Error);
        var lines = File.ReadAllLines(Path.Combine(world.Output("submission"), "SST-2.tsv"));
        Assert.Equal("index\tprediction", lines[0]);
        Assert.Equal(Enumerable.Range(0, 20), lines.Skip(1).Select(line => int.Parse(line.Split('\t')[0])));
        Assert.All(lines.Skip(1), line => Assert.Contains(line.Split('\t')[1], (string[])["0", "1"]));
    }

    [Fact]
    public async Task MnliHasTwoPartsToBeJudgedOnAndAnswered()
    {
        var folder = GlueWorld.Write(world, "MNLI");
        var trained = await CommandRun.Of(["train", folder, "--model", world.Model, "--output", world.Output("run"), "--json", "--epochs", "1", "--max-length", "48"]);
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Contains("judges did not agree", trained.Error, StringComparison.Ordinal);
        var evaluated = await CommandRun.Of("evaluate", world.Output("run"), folder, "--split", "dev_mismatched", "--json");
        Assert.Equal(["entailment", "neutral", "contradiction"], JsonNode.Parse(evaluated.Output)!["labels"]!.AsArray().Select(label => (string)label!));

        var answered = await CommandRun.Of("predict", world.Output("run"), "--glue", folder, "--submission", world.Output("submission"));
        Assert.True(answered.Code == 0, answered.Error);
        foreach (var name in (string[])["MNLI-m.tsv", "MNLI-mm.tsv"])
        {
            Assert.Contains(File.ReadAllLines(Path.Combine(world.Output("submission"), name))[1].Split('\t')[1], (string[])["entailment", "neutral", "contradiction"]);
        }
    }

    [Fact]
    public async Task StsbIsARegressionWhoseAnswersLieOnItsScale()
    {
        var folder = GlueWorld.Write(world, "STS-B");
        var trained = await CommandRun.Of(["train", folder, "--model", world.Model, "--output", world.Output("run"), "--json", .. Quick]);
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Equal("regression", (string)JsonNode.Parse(trained.Output)!["validation"]!["task"]!);
        var evaluated = await CommandRun.Of("evaluate", world.Output("run"), folder);
        Assert.Matches(@"GLUE judges STS-B by pearson \(-?[\d.]+\) and spearman", evaluated.Error);
        await CommandRun.Of("predict", world.Output("run"), "--glue", folder, "--submission", world.Output("submission"));
        Assert.All(File.ReadAllLines(Path.Combine(world.Output("submission"), "STS-B.tsv")).Skip(1), line => Assert.InRange(double.Parse(line.Split('\t')[1]), 0, 5));
    }

    [Fact]
    public async Task AFolderOfAnotherNameIsToldByItsFormat()
    {
        var folder = GlueWorld.Write(world, "RTE");
        var renamed = world.Output("mine");
        Directory.Move(folder, renamed);
        var trained = await CommandRun.Of("train", renamed, "--format", "glue/rte", "--model", world.Model, "--output", world.Output("run"), "--json", "--epochs", "1", "--max-length", "48");
        Assert.True(trained.Code == 0, trained.Error);
        var unnamed = await CommandRun.Of("predict", world.Output("run"), "--glue", renamed, "--submission", world.Output("submission"));
        Assert.Contains("--format", unnamed.Error, StringComparison.Ordinal);
        var other = await CommandRun.Of("predict", world.Output("run"), "--glue", GlueWorld.Write(world, "STS-B"), "--submission", world.Output("submission"));
        Assert.Contains("was not trained on this task", other.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.Of("predict", world.Output("run"), "--glue", renamed)).Code);
    }
}
