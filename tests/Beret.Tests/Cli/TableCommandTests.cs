using System.Text.Json.Nodes;
using Beret.Data;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

/// <summary>A table from the training to the evaluation, by the command line alone.</summary>
public sealed class TableCommandTests : IDisposable
{
    private static readonly string[] Quick = ["--epochs", "10", "--batch-size", "16", "--max-length", "24", "--learning-rate", "3e-3", "--threads", "2"];

    private readonly TinyWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task ACsvIsTrainedOnAndEvaluatedOn()
    {
        var (train, test) = (Write("train.csv", TinyWorld.Texts(200)), Write("test.csv", TinyWorld.Texts(60, seed: 2)));
        var trained = await CommandRun.Of(["train", train, "--model", world.Model, "--output", world.Output("run"), "--text-column", "subject", "--label-column", "team", .. Quick]);
        Assert.True(trained.Code == 0, trained.Error);
        var evaluated = await CommandRun.Of("evaluate", world.Output("run"), test, "--text-column", "subject", "--label-column", "team", "--json");
        Assert.True(evaluated.Code == 0, evaluated.Error);
        var result = JsonNode.Parse(evaluated.Output)!;
        Assert.Equal(60, (int)result["examples"]!);
        Assert.Equal(["neg", "pos"], result["labels"]!.AsArray().Select(label => (string)label!));
        Assert.True((double)result["accuracy"]! > 0.9, evaluated.Output);
    }

    [Fact]
    public async Task PairsOfThreeClassesAreTrainedOn()
    {
        var lines = TinyWorld.Texts(90).Examples.Zip(TinyWorld.Texts(90, seed: 3).Examples, (one, other) =>
            $"{one.Text}\t{other.Text}\t{(one.Label == other.Label ? "same" : one.Label > other.Label ? "worse" : "better")}");
        var file = world.Output("pairs.tsv");
        File.WriteAllLines(file, lines.Prepend("sentence1\tsentence2\tlabel"));
        var trained = await CommandRun.Of(["train", file, "--model", world.Model, "--output", world.Output("run"), "--json", .. Quick]);
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Contains("its pair `sentence2`", trained.Error);
        var evaluated = await CommandRun.Of("evaluate", world.Output("run"), file, "--json");
        Assert.Equal(["better", "same", "worse"], JsonNode.Parse(evaluated.Output)!["labels"]!.AsArray().Select(label => (string)label!));
    }

    [Fact]
    public async Task ALabelThatTheModelDoesNotKnowIsNamedBesideThoseThatItDoes()
    {
        var train = Write("train.csv", TinyWorld.Texts(60));
        await CommandRun.Of(["train", train, "--model", world.Model, "--output", world.Output("run"), "--epochs", "1", "--max-length", "24"]);
        File.WriteAllText(world.Output("other.csv"), "text,label\nthe film was great,pos\nthe film was odd,unsure\n");
        var run = await CommandRun.Of("evaluate", world.Output("run"), world.Output("other.csv"));
        Assert.Equal(2, run.Code);
        Assert.Contains("`unsure`", run.Error);
        Assert.Contains("`neg`, `pos`", run.Error);
    }

    /// <summary>Where texts and tokens lie makes no difference; the second run finds the tokens of the first.</summary>
    [Fact]
    public async Task ATableOnDiskTrainsToTheSameBits()
    {
        var (train, test) = (Write("train.csv", TinyWorld.Texts(200)), Write("test.csv", TinyWorld.Texts(60, seed: 2)));
        string[] columns = ["--text-column", "subject", "--label-column", "team"];
        foreach (var place in (string[])["never", "always"])
        {
            var trained = await CommandRun.Of(["train", train, "--test", test, "--model", world.Model, "--output", world.Output(place), .. columns, "--on-disk", place, .. Quick]);
            Assert.True(trained.Code == 0, trained.Error);
        }

        foreach (var file in (string[])["model.safetensors", "baseline.safetensors", "test_metrics.json"])
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("never"), file)), File.ReadAllBytes(Path.Combine(world.Output("always"), file)));
        }

        var held = await CommandRun.Of(["evaluate", world.Output("never"), test, .. columns, "--on-disk", "never", "--json"]);
        var stored = await CommandRun.Of(["evaluate", world.Output("never"), test, .. columns, "--on-disk", "always", "--json"]);
        Assert.Equal(held.Output, stored.Output);
        var wrong = await CommandRun.Of("evaluate", world.Output("never"), test, "--on-disk", "sometimes");
        Assert.Equal(2, wrong.Code);
    }

    private string Write(string name, LabelledTexts texts)
    {
        var path = world.Output(name);
        File.WriteAllLines(path, texts.Examples.Select((example, i) => $"{i};\"{example.Text}\";{texts.Labels[example.Label]}").Prepend("number;subject;team"));
        return path;
    }
}
