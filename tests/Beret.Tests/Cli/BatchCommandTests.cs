using System.Diagnostics;
using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Cli;

/// <summary><c>beret predict --input --output</c>.</summary>
public sealed class BatchCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly string model;

    public BatchCommandTests() => model = TinyModel.Write(At("model"));

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task AFileIsAnsweredAndSaidSo()
    {
        File.WriteAllText(At("in.csv"), "id,review\n1,great\n2,terrible\n");
        var run = await CommandRun.Of("predict", model, "--input", At("in.csv"), "--output", At("out.csv"));
        Assert.Equal((0, ""), (run.Code, run.Output));
        Assert.Contains("the text is column `review`", run.Error);
        Assert.Contains($"2 rows in {At("out.csv")}", run.Error);
        Assert.Equal(3, File.ReadAllLines(At("out.csv")).Length);

        var again = await CommandRun.Of("predict", model, "--input", At("in.csv"), "--output", At("out.csv"));
        Assert.Equal(2, again.Code);
        Assert.Contains("--overwrite", again.Error);
        Assert.Contains("is finished already", (await CommandRun.Of("predict", model, "--input", At("in.csv"), "--output", At("out.csv"), "--resume")).Error);
    }

    [Fact]
    public async Task StandardInputIsAFileToo()
    {
        var run = await CommandRun.WithInput("{\"text\": \"great\"}\n", "predict", model, "--input", "-", "--format", "jsonl", "--output", At("out.jsonl"));
        Assert.Equal(0, run.Code);
        Assert.Equal("great", (string?)JsonNode.Parse(File.ReadAllText(At("out.jsonl")))!["text"]);
    }

    [Theory]
    [InlineData("go together", "--input", "x.csv")]
    [InlineData("--shard says something of a whole file", "--shard", "1/2")]
    [InlineData("--shard is '3/2'", "--input", "x.csv", "--output", "y.csv", "--shard", "3/2")]
    [InlineData("--input is all that is answered: --json", "--input", "x.csv", "--output", "y.csv", "--json")]
    [InlineData("--input is all that is answered: TEXT", "--input", "x.csv", "--output", "y.csv", "a text")]
    [InlineData("x.csv cannot be read", "--input", "x.csv", "--output", "y.csv")]
    [InlineData("--format is glue/cola", "--input", "x.csv", "--output", "y.csv", "--format", "glue/cola")]
    public async Task WhatDoesNotGoTogetherIsRefused(string message, params string[] options)
    {
        var run = await CommandRun.Of(["predict", model, .. options]);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
    }

    [Fact]
    public async Task KilledAtAnyMomentItLosesNoneAndDoublesNone()
    {
        const int Rows = 12_000;
        var random = new Random(11);
        File.WriteAllLines(At("in.txt"), Enumerable.Range(0, Rows).Select(row => $"the movie {row} was {(random.Next(2) == 0 ? "great" : "terrible")}"));
        var whole = await CommandRun.Of("predict", model, "--input", At("in.txt"), "--output", At("whole.jsonl"));
        Assert.Equal(0, whole.Code);

        var kills = 0;
        for (var done = false; !done;)
        {
            using var process = Process.Start(new ProcessStartInfo(
                "dotnet", [Path.Combine(AppContext.BaseDirectory, "Beret.Cli.dll"), "predict", model, "--input", At("in.txt"), "--output", At("out.jsonl"), "--resume"])
            {
                RedirectStandardError = true,
            })!;
            var target = Answered() + (1 + random.Next(3)) * 1024;
            while (!process.HasExited && Answered() < target && kills < 5)
            {
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            var isKilled = !process.HasExited && kills < 5;
            if (isKilled)
            {
                process.Kill();
                kills++;
            }

            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            done = process.ExitCode == 0;
            Assert.True(done || isKilled, await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        }

        Assert.InRange(kills, 1, 5);
        Assert.Equal(File.ReadAllBytes(At("whole.jsonl")), File.ReadAllBytes(At("out.jsonl")));
    }

    /// <summary>What the state says by now; the answers that are certain to be on the disk.</summary>
    private long Answered()
    {
        try
        {
            return (long)JsonNode.Parse(File.ReadAllText(At("out.jsonl.state")))!["count"]!;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private string At(string name) => temporary[name];
}
