using System.Text.Json.Nodes;
using Beret.Tests.Training;
using Beret.Training;
using Beret.Training.Teachers;

namespace Beret.Tests.Cli;

public sealed class DistilCommandTests : IDisposable
{
    private readonly TinyWorld world = new();

    public DistilCommandTests()
    {
        Reviews = world.Output("reviews");
        foreach (var (example, number) in TinyWorld.Texts(120).Examples.Select((example, number) => (example, number)))
        {
            var folder = Path.Combine(Reviews, "train", example.Label == 1 ? "pos" : "neg");
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, $"{number}.txt"), example.Text);
        }

        File.WriteAllLines(Lines, TinyWorld.Texts(80, seed: 4).Examples.Select(example => example.Text));
        new Trainer(world.Job("teacher", TinyWorld.Recipe() with { Epochs = 6 })).Run(TestContext.Current.CancellationToken);
        world.WriteModel("student", hiddenSize: 16, layers: 1);
    }

    private string Reviews { get; }

    private string Lines => world.Output("lines.txt");

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task AStudentIsTaughtAndThenPredicts()
    {
        var run = await Distil("run", Reviews, "--unlabelled", Lines, "--epochs", "16");
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        Assert.Contains("and 80 without labels", run.Output);
        Assert.Matches(@"The teacher is teacher, validation accuracy [01]\.\d{4}; temperature 3, alpha 0\.9\.", run.Output);
        Assert.Matches(@"epoch 16/16.* - as the teacher: [01]\.\d{4}", run.Output);
        Assert.Contains("teacher", File.ReadAllText(Path.Combine(world.Output("run"), "report.html")));

        var predicted = await CommandRun.Of("predict", world.Output("run"), "the film was superb");
        Assert.Contains("label: pos", predicted.Output);
        Assert.Matches(@"teacher +teacher", (await CommandRun.Of("info", world.Output("run"))).Output);
    }

    [Fact]
    public async Task ItIsToldAsJsonToo()
    {
        var run = await Distil("run", "--unlabelled", Lines, "--validation", Reviews, "--alpha", "1", "--epochs", "2", "--json");
        Assert.Equal(0, run.Code);
        var json = JsonNode.Parse(run.Output)!;
        Assert.Equal(2, json["history"]!.AsArray().Count);
        Assert.InRange((double)json["history"]![1]!["agreement"]!, 0, 1);
        Assert.NotNull(json["teacher"]);
    }

    [Fact]
    public async Task AttentionAndHiddenStatesAreShownApart()
    {
        string[] options = ["--relations", "qq+kk+vv", "--relation-heads", "4", "--hidden-states", "last", "--hidden-weight", "0.5", "--epochs", "2"];
        var run = await Distil("run", [Reviews, .. options]);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        Assert.Contains("Held to it as well: relations qq+kk+vv of layer 2 of 2, 4 relation heads, weight 1; hidden states, layers 1 → 2, weight 0.5.", run.Output);
        Assert.Matches(@"epoch 2/2: \d+ s - loss: [\d.]+ \(logits [\d.]+, relations [\d.]+, hidden [\d.]+\) - accuracy", run.Output);

        var json = JsonNode.Parse((await Distil("again", [Reviews, .. options, "--json"])).Output)!["history"]![1]!;
        Assert.Equal((double)json["loss"]!, (double)json["logits_loss"]! + (double)json["relation_loss"]! + (0.5 * (double)json["hidden_loss"]!), 1e-9);
    }

    [Fact]
    public async Task AnInterruptedRunNeedsNothingButItsFolder()
    {
        using var cancel = new CancellationTokenSource();
        var job = world.Job("run") with
        {
            Data = Beret.Data.DataSource.Open(Reviews).Load("train", cancellationToken: TestContext.Current.CancellationToken),
            DataName = Reviews,
            ModelName = world.Model,
            Teacher = new Teacher { Folder = world.Output("teacher"), Name = world.Output("teacher"), Unlabelled = [Beret.Data.TextSource.Open(Lines)], UnlabelledNames = [Lines] },
        };
        new Trainer(job, new Ending(cancel)).Run(cancel.Token);

        var wrong = await CommandRun.Of("train", "--output", world.Output("run"), "--resume");
        Assert.Equal(2, wrong.Code);
        Assert.Contains("go on with beret distil --resume", wrong.Error, StringComparison.Ordinal);

        var run = await CommandRun.Of("distil", "--output", world.Output("run"), "--resume");
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        Assert.Contains("Going on after step 2.", run.Output);
        Assert.False(Trainer.IsInterrupted(world.Output("run")));
    }

    [Theory]
    [InlineData("--temperature is \"0\"", "--temperature", "0")]
    [InlineData("--alpha is \"2\"", "--alpha", "2")]
    [InlineData("no/such", "--unlabelled", "no/such.txt")]
    public async Task WhatCannotBeIsRefusedByName(string message, params string[] options)
    {
        var run = await Distil("run", [Reviews, .. options]);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task WhatIsMissingIsNamed()
    {
        var output = world.Output("run");
        Assert.Contains("--output", (await CommandRun.Of("distil", Reviews, "--teacher", "x", "--student", "y")).Error);
        Assert.Contains("--teacher", (await CommandRun.Of("distil", Reviews, "--student", "y", "--output", output)).Error);
        Assert.Contains("--student", (await CommandRun.Of("distil", Reviews, "--teacher", "x", "--output", output)).Error);
        Assert.Contains("TEXTS", (await CommandRun.Of("distil", "--teacher", "x", "--student", "y", "--output", output)).Error);
        Assert.Contains("no run to go on with", (await CommandRun.Of("distil", "--output", output, "--resume")).Error);
    }

    [Fact]
    public async Task TrainingHasNoOptionsOfATeacher() => Assert.DoesNotContain("--temperature", (await CommandRun.Of("train", "--help")).Output);

    private Task<CommandRun> Distil(string output, params string[] more) => CommandRun.Of(
    [
        "distil", "--teacher", world.Output("teacher"), "--student", world.Output("student"), "--output", world.Output(output), "--batch-size", "16", "--max-length", "24",
        "--learning-rate", "1e-2", .. more.Contains("--temperature") ? Array.Empty<string>() : ["--temperature", "3"], .. more,
    ]);

    private sealed class Ending(CancellationTokenSource cancel) : TrainingCallbacks
    {
        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == 2)
            {
                cancel.Cancel();
            }
        }
    }
}
