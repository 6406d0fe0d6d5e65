using System.Text.Json.Nodes;
using Beret.Tests.Training;

namespace Beret.Tests.Cli;

/// <summary>Long texts by the command line alone.</summary>
public sealed class LongTextCommandTests : IDisposable
{
    private static readonly string[] Quick = ["--epochs", "16", "--batch-size", "16", "--learning-rate", "3e-3", "--threads", "2"];

    private readonly TinyWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task AModelThatReadsWindowsDoesSoWhereverItGoes()
    {
        var (train, test) = (Table("train.csv", 200, 1), Table("test.csv", 60, 2));
        var trained = await CommandRun.Of(
            ["train", train, "--model", world.Model, "--output", world.Output("run"), .. Quick, "--max-length", "10", "--truncation", "windows", "--window-overlap", "3", "--window-pooling", "max"]);
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Contains("10 tokens, windows that overlap by 3, max of their logits", trained.Output, StringComparison.Ordinal);
        Assert.Matches(@"Texts +: \d+\.\d tokens on average in [12]\.\d\d windows, 0\.0.?% have more than 8, of which training reads so many", trained.Output);
        Assert.Contains("several windows", File.ReadAllText(Path.Combine(world.Output("run"), "README.md")), StringComparison.Ordinal);
        Assert.Contains("Windows of a text", File.ReadAllText(Path.Combine(world.Output("run"), "report.html")), StringComparison.Ordinal);

        var info = await CommandRun.Of("info", world.Output("run"));
        Assert.Contains("10 tokens at once, windows that overlap by 3, max of their logits", info.Output, StringComparison.Ordinal);
        var json = JsonNode.Parse((await CommandRun.Of("info", world.Output("run"), "--json")).Output)!.ToJsonString();
        Assert.Contains("\"window_overlap\":3,\"window_pooling\":\"max\"", json, StringComparison.Ordinal);

        var text = "the film was a story of and it this plot the film was great";
        var line = JsonNode.Parse((await CommandRun.Of("predict", world.Output("run"), text, "--json")).Output)!;
        Assert.Equal((3, 30, 0), ((int)line["windows"]!, (int)line["tokens"]!, (int)line["tokens_cut"]!));
        var cut = JsonNode.Parse((await CommandRun.Of("predict", world.Output("run"), text, "--truncation", "head", "--json")).Output)!;
        Assert.Null(cut["windows"]);
        Assert.Equal((10, 6), ((int)cut["tokens"]!, (int)cut["tokens_cut"]!));
        var wide = JsonNode.Parse((await CommandRun.Of("predict", world.Output("run"), text, "--window-overlap", "0", "--window-pooling", "mean", "--json")).Output)!;
        Assert.NotEqual(line["logits"]!.ToJsonString(), wide["logits"]!.ToJsonString());

        // What is predicted is what is evaluated, and what is quantized is evaluated alike.
        var evaluated = JsonNode.Parse((await CommandRun.Of("evaluate", world.Output("run"), test, "--json")).Output)!;
        var rows = File.ReadAllLines(test).Skip(1).Select(row => row.Split(',')).ToList();
        var predicted = (await CommandRun.WithInput(string.Concat(rows.Select(row => row[0] + "\n")), "predict", world.Output("run"), "--json")).Lines.Select(one => (string)JsonNode.Parse(one)!["label"]!);
        Assert.Equal((double)evaluated["accuracy"]!, rows.Zip(predicted).Average(pair => pair.First[1] == pair.Second ? 1.0 : 0), 1e-12);
        Assert.True((double)evaluated["accuracy"]! > 0.9);
        var quantized = await CommandRun.Of("quantize", world.Output("run"), world.Output("int8"), "--data", test, "--max-drop", "20", "--json");
        Assert.True(quantized.Code == 0, quantized.Error);
        Assert.Equal((double)evaluated["accuracy"]!, (double)JsonNode.Parse(quantized.Output)!["accuracy_before"]!, 1e-12);
        Assert.Contains("windows that overlap by 3", (await CommandRun.Of("info", world.Output("int8"))).Output, StringComparison.Ordinal);

        // A student has windows of its own, under a teacher that has others.
        var student = world.WriteModel("student", hiddenSize: 16, layers: 1);
        var distilled = await CommandRun.Of(
            ["distil", train, "--teacher", world.Output("run"), "--student", student, "--output", world.Output("small"), .. Quick, "--max-length", "8", "--truncation", "windows", "--relations", "qk+vv"]);
        Assert.True(distilled.Code == 0, distilled.Error);
        Assert.Contains("8 tokens at once, windows that overlap by 2, mean of their logits", (await CommandRun.Of("info", world.Output("small"))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheLengthMayBeLeftToTheTexts()
    {
        var train = Table("train.csv", 120, 1);
        var trained = await CommandRun.Of(["train", train, "--model", world.Model, "--output", world.Output("run"), .. Quick, "--max-length", "auto", "--truncation", "tail"]);
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Contains("Lengths of 120 texts: ", trained.Output, StringComparison.Ordinal);
        Assert.Matches(@"\n\* --max-length 64 +100\.0 % +100\.0 % +1\.00 +\d+\.\d +1\.00x\n", trained.Output);
        Assert.Contains("Taken: --max-length 64, the smallest in which 95", trained.Output, StringComparison.Ordinal);
        Assert.True(trained.Output.IndexOf("Taken:", StringComparison.Ordinal) < trained.Output.IndexOf("epoch 1/", StringComparison.Ordinal));
        Assert.Contains("64 tokens at most, truncation tail", (await CommandRun.Of("info", world.Output("run"))).Output, StringComparison.Ordinal);

        var quiet = await CommandRun.Of(["train", train, "--model", world.Model, "--output", world.Output("quiet"), .. Quick, "--max-length", "auto", "--json"]);
        Assert.True(quiet.Code == 0, quiet.Error);
        Assert.Contains("Taken: --max-length 64", quiet.Error, StringComparison.Ordinal);
        Assert.NotNull(JsonNode.Parse(quiet.Output));
    }

    [Fact]
    public async Task WhereTextsAreLongerThePoliciesDiffer()
    {
        var file = world.Output("long.csv");
        File.WriteAllLines(file, Enumerable.Range(0, 20).Select(i => $"{string.Join(' ', Enumerable.Repeat("film", i < 15 ? 20 : 100))},{(i % 2 == 0 ? "pos" : "neg")}").Prepend("text,label"));
        foreach (var (policy, chosen, other) in new[] { ("head+tail", "head[+]tail", "windows"), ("windows", "windows", "head") })
        {
            var run = await CommandRun.Of("train", file, "--model", world.Model, "--output", world.Output(policy), "--epochs", "0", "--max-length", "auto", "--truncation", policy);
            Assert.True(run.Code == 0, run.Error);
            Assert.Matches($@"\n\* --max-length 64 {chosen} +75\.0 %", run.Output);
            Assert.Matches($@"\n  --max-length 64 {other} +75\.0 %", run.Output);
            Assert.Contains("Taken: --max-length 64, the largest: in none of these are 95", run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task TheHelpNamesTheOptions()
    {
        var train = (await CommandRun.Of("train", "--help")).Output;
        Assert.All((string[])["--max-length <N|auto>", "head|tail|head+tail|windows", "--window-overlap <N>", "--window-pooling <mean|max>", "--max-windows <N>"], option => Assert.Contains(option, train, StringComparison.Ordinal));
        foreach (var verb in (string[])["evaluate", "predict"])
        {
            var help = (await CommandRun.Of(verb, "--help")).Output;
            Assert.All((string[])["head|tail|head+tail|windows", "--window-overlap <N>", "--window-pooling <mean|max>"], option => Assert.Contains(option, help, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("--max-length", "long", "--max-length is \"long\", not a whole number from 3 to 1048576, or auto")]
    [InlineData("--window-overlap", "-1", "--window-overlap is \"-1\", not a whole number")]
    [InlineData("--window-overlap", "65", "--window-overlap 65 is more than half of --max-length 64")]
    [InlineData("--max-windows", "0", "--max-windows is \"0\", not a whole number from 1")]
    [InlineData("--window-pooling", "sum", "sum")]
    public async Task WhatIsWrongIsSaid(string option, string value, string message)
    {
        string[] length = option == "--max-length" ? [] : ["--max-length", "64"];
        var run = await CommandRun.Of(["train", Table("train.csv", 20, 1), "--model", world.Model, "--output", world.Output("run"), .. length, "--truncation", "windows", option, value]);
        Assert.NotEqual(0, run.Code);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
    }

    private string Table(string name, int count, int seed)
    {
        var path = world.Output(name);
        File.WriteAllLines(path, TinyWorld.Texts(count, seed).Examples.Select(example => $"{example.Text},{(example.Label == 1 ? "pos" : "neg")}").Prepend("text,label"));
        return path;
    }
}
