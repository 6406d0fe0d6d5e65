using System.Text.Json.Nodes;
using Beret.Tests.Pipelines;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

/// <summary><c>beret train --stages</c>.</summary>
public sealed class StagedCommandTests : IDisposable
{
    private readonly StagedWorld world = new();

    public StagedCommandTests()
    {
        File.WriteAllLines(Data, ["text,label", .. TinyWorld.Texts(200).Examples.Select(example => $"{example.Text},{(example.Label == 1 ? "pos" : "neg")}")]);
        File.WriteAllLines(Lines, TinyWorld.Texts(40, seed: 4).Examples.Select(example => example.Text));
    }

    private string Data => world.Output("reviews.csv");

    private string Lines => world.Output("lines.txt");

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task AllStagesInOneCommandAndATableAtTheEnd()
    {
        var run = await Train("--stages", "pretrain,finetune,distil,quantize", "--student", world.Student, "--unlabelled", Lines, "--max-drop", "100");
        Assert.Equal(0, run.Code);
        Assert.Contains($"== stage 1 of 4: pretrain, in {world.Output("run", "pretrain")}", run.Lines);
        Assert.Contains("and 40 without labels", run.Output);
        Assert.Matches(@"\nstage +accuracy +loss +size +seconds +texts/s\npretrain +- +\d", run.Output);
        Assert.Matches(@"\nquantize +[01]\.\d{4} +\d\.\d{4} +\d\.\d MB +\d+\.\d +\d+\n", run.Output);
        Assert.Contains($"The model is {world.Output("run", "quantize")}", run.Lines);
        Assert.True(File.Exists(world.Output("run", "finetune", "report.html")));

        var predicted = await CommandRun.Of("predict", world.Output("run", "quantize"), "the film was superb");
        Assert.Equal(0, predicted.Code);

        // Nothing but the folder is needed to go on, though there is nothing left to do.
        var again = await CommandRun.Of("train", "--output", world.Output("run"), "--resume", "--json");
        Assert.Equal(0, again.Code);
        Assert.Equal(4, JsonNode.Parse(again.Output)!["stages"]!.AsArray().Count);
    }

    [Fact]
    public async Task ChunksHaveSettingsOfTheirOwnAndOnePassUnlessTheySayOtherwise()
    {
        var run = await Train("--stages", "chunks,finetune", "--set", "chunks.max-length=6", "--set", "chunks.window-overlap=0", "--set", "chunks.learning-rate=1e-3", "--json");
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(["chunks", "finetune"], JsonNode.Parse(run.Output)!["stages"]!.AsArray().Select(stage => (string?)stage!["stage"]));
        var recipe = JsonNode.Parse(File.ReadAllText(world.Output("run", "stages.json")))!["recipe"]!;
        Assert.Equal(("1", "0", "0.001"), (recipe["chunks"]!["epochs"]!.ToJsonString(), recipe["chunks"]!["window_overlap"]!.ToJsonString(), recipe["chunks"]!["learning_rate"]!.ToJsonString()));
        Assert.NotEqual("1", recipe["finetune"]!["epochs"]!.ToJsonString());

        // A run of before there were chunks has no recipe for them.
        var old = JsonNode.Parse(File.ReadAllText(world.Output("run", "stages.json")))!;
        old["recipe"]!.AsObject().Remove("chunks");
        File.WriteAllText(world.Output("run", "stages.json"), old.ToJsonString());
        Assert.Contains("other stages, models or settings", (await CommandRun.Of("train", "--output", world.Output("run"), "--resume", "--set", "chunks.epochs=3")).Error);
    }

    [Fact]
    public async Task AStageThatLosesTooMuchEndsItWithOne()
    {
        string[] stages = ["--stages", "finetune,distil", "--student", world.Student, "--set", "distil.epochs=0", "--set", "distil.max-drop=1"];
        var run = await Train([.. stages, "--json"]);
        Assert.Equal(1, run.Code);
        Assert.Contains("distil: the accuracy", run.Error);
        Assert.Contains($"The model before it, {world.Output("run", "finetune")}, is kept", run.Error);
        var json = JsonNode.Parse(run.Output)!;
        Assert.Equal(world.Output("run", "finetune"), (string?)json["kept"]);
        Assert.StartsWith("distil", (string?)json["failure"]);

        var again = await CommandRun.Of("train", "--output", world.Output("run"), "--resume", "--max-drop", "100");
        Assert.Equal(0, again.Code);
    }

    [Fact]
    public async Task AutoIsTheClassifiersLengthAndPretrainingHasItsOwn()
    {
        string[] train =
        [
            "train", Data, "--model", world.Model, "--output", world.Output("run"), "--batch-size", "16", "--learning-rate", "5e-3", "--epochs", "12", "--max-length", "auto",
            "--stages", "pretrain,finetune", "--set", "pretrain.steps=6", "--set", "pretrain.max-length=24",
        ];
        var run = await CommandRun.Of(train);
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(24, (int)JsonNode.Parse(File.ReadAllText(world.Output("run", "pretrain", "pretraining.json")))!["recipe"]!["max_length"]!);
        Assert.Equal(64, (int)JsonNode.Parse(File.ReadAllText(world.Output("run", "finetune", "beret.json")))!["tokenizer"]!["max_length"]!);
        Assert.Equal("auto", (string)JsonNode.Parse(File.ReadAllText(world.Output("run", "stages.json")))!["recipe"]!["finetune"]!["max_length"]!);

        // It goes on, with what it decided.
        var again = await CommandRun.Of("train", "--output", world.Output("run"), "--resume", "--json");
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(2, JsonNode.Parse(again.Output)!["stages"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("each once and in this order", "--stages", "quantize,finetune")]
    [InlineData("--student is missing", "--stages", "finetune,distil")]
    [InlineData("--max-drop is '-1'", "--stages", "finetune", "--max-drop", "-1")]
    [InlineData("no stage \"tune\"", "--stages", "finetune", "--set", "tune.epochs=1")]
    [InlineData("add --stages", "--student", "x")]
    [InlineData("no/such", "--stages", "finetune", "--unlabelled", "no/such.txt")]
    public async Task WhatCannotBeIsRefusedByName(string message, params string[] options)
    {
        var run = await Train(options);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.Empty(run.Output);
    }

    private Task<CommandRun> Train(params string[] more) => CommandRun.Of(
        ["train", Data, "--model", world.Model, "--output", world.Output("run"), "--batch-size", "16", "--max-length", "24", "--learning-rate", "5e-3", "--epochs", "12",
            "--set", "pretrain.steps=6", .. more]);
}
