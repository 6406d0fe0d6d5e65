using System.Text.Json.Nodes;
using Beret.Tests.Pretraining;

namespace Beret.Tests.Cli;

public sealed class PretrainCommandTests : IDisposable
{
    private readonly PretrainingWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task AModelFromNothingIsPretrainedAndThenFineTuned()
    {
        var run = await CommandRun.Of(
            "pretrain", world.Texts, "--config", world.Config, "--vocab", world.Vocabulary, "--output", world.Output("run"), "--epochs", "1", "--batch-tokens", "300",
            "--max-length", "20", "--learning-rate", "1e-3", "--whole-word", "--held-out", "0.1");
        Assert.Equal(0, run.Code);
        Assert.Contains("all, from random weights", run.Output);
        Assert.Matches(@"held out: loss \d\.\d+, perplexity \d+\.\d+, accuracy 0\.\d+", run.Output);
        var info = await CommandRun.Of("info", world.Output("run"));
        Assert.Equal(0, info.Code);
        Assert.Contains("masked language modelling", info.Output);
        var next = await CommandRun.Of(
            "pretrain", world.Texts, "--model", world.Output("run"), "--output", Path.Combine(world.Output("below"), "next"), "--held-out", "0", "--steps", "3", "--batch-size", "4", "--max-length", "20", "--json");
        Assert.Equal(0, next.Code);
        var json = JsonNode.Parse(next.Output)!;
        Assert.Equal(3, (int)json["steps"]!);
        Assert.Equal(3, json["history"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("--model", "x", "--config", "y")]
    [InlineData("--config", "y")]
    [InlineData("--vocab", "y")]
    [InlineData("--model", "x", "--mask", "2")]
    [InlineData]
    public async Task WhatDoesNotGoTogetherIsRefused(params string[] options)
    {
        var run = await CommandRun.Of(["pretrain", world.Texts, "--output", world.Output("run"), .. options]);
        Assert.Equal(2, run.Code);
        Assert.NotEmpty(run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task WithoutTextsOrAnOutputItSaysSo()
    {
        Assert.Contains("TEXTS", (await CommandRun.Of("pretrain", "--model", "x", "--output", world.Output("run"))).Error);
        Assert.Contains("--output", (await CommandRun.Of("pretrain", world.Texts, "--model", "x")).Error);
        Assert.Contains("no run to go on with", (await CommandRun.Of("pretrain", "--output", world.Output("run"), "--resume")).Error);
    }
}
