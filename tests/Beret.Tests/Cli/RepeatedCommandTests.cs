using System.Text.Json.Nodes;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

/// <summary><c>beret train --seeds</c> and <c>--folds</c>.</summary>
public sealed class RepeatedCommandTests : IDisposable
{
    private readonly TinyWorld world = new();

    public RepeatedCommandTests() =>
        File.WriteAllLines(Data, ["text,label", .. TinyWorld.Texts(80).Examples.Select(example => $"{example.Text},{(example.Label == 1 ? "pos" : "neg")}")]);

    private string Data => world.Output("reviews.csv");

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task SeveralSeedsEndWithATableAndTheBestModel()
    {
        var run = await Train("--seeds", "2");
        Assert.Equal(0, run.Code);
        Assert.Contains($"== run 1 of 2: seed 42, in {world.Output("run/seed-42")}", run.Lines);
        Assert.Matches(@"\n== seed 43: loss \d\.\d{4}, accuracy", run.Output);
        Assert.Matches(@"\n2 runs +seed 42 +seed 43 +mean +deviation +baseline\nloss +\d", run.Output);
        Assert.Matches(@"\nThe best on the validation texts is .*seed-4[23]\n", run.Output);
        Assert.True(File.Exists(world.Output("run/seed-43/report.html")));

        // One more, and nothing but the folder is needed for it.
        var more = await CommandRun.Of("train", "--output", world.Output("run"), "--resume", "--seeds", "3", "--json");
        Assert.Equal(0, more.Code);
        Assert.Equal(3, JsonNode.Parse(more.Output)!["runs"]!.AsArray().Count);
    }

    [Fact]
    public async Task CrossValidationWritesWhatEachTextWasAnswered()
    {
        var run = await Train("--folds", "3");
        Assert.Equal(0, run.Code);
        Assert.Matches(@"\n3 runs +fold 1 +fold 2 +fold 3 +mean +deviation", run.Output);
        Assert.Contains("\n80 examples ", run.Output);
        Assert.Contains($"What each text was answered is in {world.Output("run/out-of-fold.jsonl")}", run.Output);
        Assert.Equal(80, File.ReadAllLines(world.Output("run/out-of-fold.jsonl")).Length);
        Assert.StartsWith("{\"row\":1,\"source\":\"line 2\",\"fold\":", File.ReadLines(world.Output("run/out-of-fold.jsonl")).First());
    }

    [Theory]
    [InlineData("--seeds is '1'", "--seeds", "1")]
    [InlineData("--folds is 'many'", "--folds", "many")]
    [InlineData("give one of them", "--folds", "3", "--seeds", "3")]
    [InlineData("leave out --seeds and --folds, or --stages", "--folds", "3", "--stages", "finetune")]
    [InlineData("cannot be divided into 81 folds", "--folds", "81")]
    public async Task WhatCannotBeIsRefused(string message, params string[] options)
    {
        var run = await Train(options);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.False(Directory.Exists(world.Output("run")));
    }

    private Task<CommandRun> Train(params string[] more) => CommandRun.Of(
        ["train", Data, "--model", world.Model, "--output", world.Output("run"), "--batch-size", "16", "--max-length", "24", "--learning-rate", "5e-3", "--epochs", "2", .. more]);
}
