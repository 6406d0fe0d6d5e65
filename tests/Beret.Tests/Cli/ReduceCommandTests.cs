using System.Text.Json.Nodes;
using Beret.Models;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

public sealed class ReduceCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("1", 1)]
    [InlineData("0,", 0)]
    [InlineData("0,1", 0, 1)]
    [InlineData("2", 0, 1)]
    public async Task LayersAreKeptByTheirNumberOrByTheirNames(string wanted, params int[] layers)
    {
        var run = await CommandRun.Of("reduce", TinyModel.Write(temporary["source"]), temporary["start"], "--layers", wanted, "--json");
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        Assert.Equal(layers, JsonNode.Parse(run.Output)!["layers"]!.AsArray().Select(layer => (int)layer!));
        Assert.Equal(layers.Length, ConfigReader.Read(temporary["start", "config.json"]).Layers);
    }

    [Theory]
    [InlineData("vocab")]
    [InlineData("vocab/vocab.txt")]
    public async Task AnotherVocabularyIsAFolderOrAFile(string path)
    {
        temporary.Write("vocab/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nmovie\nmovies\nzebra\n");
        var run = await CommandRun.Of("reduce", TinyModel.Write(temporary["source"]), temporary["start"], "--vocab", temporary[path.Split('/')]);
        Assert.Equal(0, run.Code);
        Assert.Contains("8 tokens, of which 6 keep their embedding, 1 begin as the mean of their pieces, 1 as the unknown token", run.Output);
        Assert.Equal(8, ConfigReader.Read(temporary["start", "config.json"]).VocabularySize);
    }

    [Fact]
    public async Task ATeacherItselfIsTheStartOfItsStudent()
    {
        using var world = new TinyWorld();
        new Beret.Training.Trainer(world.Job("teacher", TinyWorld.Recipe() with { Epochs = 4 })).Run(TestContext.Current.CancellationToken);
        Assert.Equal(0, (await CommandRun.Of("reduce", world.Output("teacher"), world.Output("start"), "--layers", "1")).Code);
        File.WriteAllLines(world.Output("lines.txt"), TinyWorld.Texts(64, seed: 4).Examples.Select(example => example.Text));
        var run = await CommandRun.Of(
            "distil", "--unlabelled", world.Output("lines.txt"), "--teacher", world.Output("teacher"), "--student", world.Output("start"), "--output", world.Output("run"),
            "--epochs", "1", "--max-length", "24", "--json");
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
    }

    [Theory]
    [InlineData("--layers is 'four'", "--layers", "four")]
    [InlineData("--layers is '0,,1'", "--layers", "0,,1")]
    [InlineData("3 layers cannot be kept", "--layers", "3")]
    [InlineData("name some of 0 to 1", "--layers", "1,2")]
    [InlineData("is not a folder", "--vocab", "no/such")]
    public async Task WhatCannotBeIsRefused(string message, params string[] options)
    {
        var run = await CommandRun.Of(["reduce", TinyModel.Write(temporary["source"]), temporary["start"], .. options]);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.False(Directory.Exists(temporary["start"]));
    }
}
