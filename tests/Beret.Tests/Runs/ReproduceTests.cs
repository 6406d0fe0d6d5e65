using System.Text.Json.Nodes;
using Beret.Tests.Cli;
using Beret.Tests.Training;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Tests.Runs;

/// <summary><c>beret reproduce</c>, and what a run's folder remembers for it.</summary>
public sealed class ReproduceTests : IDisposable
{
    private readonly RunWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task TheFolderRemembersRecipeEnvironmentDataSeedAndCommand()
    {
        RunWorld.WriteTable(world.Output("judged.csv"), TinyWorld.Texts(40, seed: 5));
        await world.Trained("run", "--seed", "7", "--validation", world.Output("judged.csv"), "--text-column", "text", "--precision", "fp32");
        var run = JsonNode.Parse(world.Read("run", "run.json"))!;
        Assert.Equal((7, 3, 0.003), ((int)run["seed"]!, (int)run["recipe"]!["epochs"]!, (double)run["recipe"]!["learning_rate"]!));
        Assert.Equal((world.Model, world.Data), ((string)run["model"]!, (string)run["data"]!));
        var description = JsonNode.Parse(world.Read("run", "beret.json"))!;
        Assert.Equal((string)description["data"]!["sha256"]!, (string)run["fingerprint"]!);
        Assert.All((string[])["model_fingerprint", "validation_fingerprint"], key => Assert.Matches("^[0-9a-f]{64}$", (string)run[key]!));

        var session = Assert.Single(run["sessions"]!.AsArray())!;
        Assert.Equal(0, (int)session["from_step"]!);
        Assert.Equal(RunEnvironment.Current(1, Beret.Numerics.Precision.Float32).Instructions, (string)session["environment"]!["instructions"]!);
        Assert.Equal((1, "fp32"), ((int)session["environment"]!["threads"]!, (string)session["environment"]!["precision"]!));
        Assert.All((string[])["beret", "runtime", "system", "architecture"], key => Assert.NotEmpty((string)session["environment"]![key]!));

        Assert.Equal(["train", world.Data], ((string)run["command"]!["verb"]!, (string)run["command"]!["arguments"]![0]!) is var (verb, data) ? [verb, data] : []);
        Assert.Equal(
            ["--model", world.Model, "--validation", world.Output("judged.csv"), "--text-column", "text"],
            run["command"]!["options"]!.AsArray().Select(word => (string)word!));
        Assert.Equal((150, 150), ((int)run["result"]!["steps"]!, (int)run["result"]!["kept_step"]!));
        Assert.Equal((double)JsonNode.Parse(world.Read("run", "metrics.json"))!["accuracy"]!, (double)run["result"]!["validation"]!["accuracy"]!);
    }

    [Fact]
    public async Task ARunThatGoesOnElsewhereSaysWithWhat()
    {
        await world.Killed("run", steps: 5);
        using var process = BeretProcess.With(("BERET_SIMD", "scalar"), world.Train("run", "--resume"));
        Assert.Equal(0, (await process.Ends()).Code);
        var sessions = JsonNode.Parse(world.Read("run", "run.json"))!["sessions"]!.AsArray();
        Assert.Equal(2, sessions.Count);
        Assert.True((int)sessions[1]!["from_step"]! >= 4);
        Assert.Equal("scalar", (string)sessions[1]!["environment"]!["instructions"]!);
    }

    [Fact]
    public async Task ARunIsRepeatedToTheBit()
    {
        await world.Trained("run", "--truncation", "tail", "--head-learning-rate", "0.01", "--seed", "3");
        var run = await Reproduce("run", "--threads", "2");
        Assert.True(run.Code == 0, run.Error + run.Output);
        Assert.Matches(@"figure +then +now\ntraining loss +(\S+) +\1\n", run.Output);
        Assert.Matches(@"\nvalidation accuracy +(\S+) +\1\n", run.Output);
        Assert.Matches(@"\nweights: identical, all \d+ tensors, bit by bit\nreproduced\n$", run.Output);
        world.AssertSame("run", "run-again");

        // What is there is compared, and not made again.
        var again = await Reproduce("run", "--resume", "--json");
        Assert.Equal(0, again.Code);
        var json = JsonNode.Parse(again.Output)!;
        Assert.Equal((true, true, 0), ((bool)json["holds"]!, (bool)json["identical"]!, json["environment"]!.AsArray().Count));
        Assert.Equal(2, (await Reproduce("run")).Code);
    }

    [Fact]
    public async Task ARecipeFileThatChangedMakesNoDifference()
    {
        var recipe = world.Output("recipe.json");
        File.WriteAllText(recipe, """{"warmup": 0.3, "epochs": 1}""");
        string[] train = [.. world.Train("run").Where((_, i) => i is not 6 and not 7), "--recipe", recipe];
        Assert.DoesNotContain("--epochs", train);
        Assert.Equal(0, (await CommandRun.Of(train)).Code);
        File.WriteAllText(recipe, """{"warmup": 0.1, "epochs": 2}""");
        Assert.Equal(0, (await Reproduce("run")).Code);
    }

    [Fact]
    public async Task AutoMeansWhatItMeantThen()
    {
        await world.Trained("run", "--max-length", "auto", "--precision", "auto", "--epochs", "1");
        Assert.Equal(0, (await Reproduce("run")).Code);
    }

    [Fact]
    public async Task DataThatChangedAreRefusedBeforeAnythingIsTrained()
    {
        await world.Trained("run", "--epochs", "1");
        File.Move(world.Data, world.Output("elsewhere.csv"));
        var gone = await Reproduce("run");
        Assert.Equal(2, gone.Code);
        Assert.Contains(world.Data, gone.Error, StringComparison.Ordinal);

        RunWorld.WriteTable(world.Data, TinyWorld.Texts(200, seed: 8));
        var changed = await Reproduce("run");
        Assert.Equal((2, ""), (changed.Code, changed.Output));
        Assert.Contains("the data have changed", changed.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(world.Output("run-again")));
    }

    [Fact]
    public async Task DataMayHaveMoved()
    {
        await world.Trained("run", "--epochs", "1");
        Directory.CreateDirectory(world.Output("moved"));
        File.Move(world.Data, world.Output("moved", "reviews.csv"));
        Directory.Move(world.Model, world.Output("encoder"));
        var run = await Reproduce("run", "--data", world.Output("moved", "reviews.csv"), "--model", world.Output("encoder"), "--output", world.Output("other"));
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(world.Weights("run"), world.Weights("other"));
    }

    [Fact]
    public async Task OnAnotherInstructionSetTheFiguresCount()
    {
        await world.Trained("run", "--epochs", "1");
        using var process = BeretProcess.With(("BERET_SIMD", "scalar"), "reproduce", world.Output("run"), "--output", world.Output("other"), "--tolerance", "0.01");
        var run = await process.Ends();
        Assert.Matches(@"\nweights: \d+ of \d+ tensors differ, most \S+ \(by \d\.\de-\d\)\nenvironment: the instruction set was .* and is scalar\nreproduced: the environment differs", run.Output);
        Assert.Equal(0, run.Code);

        var strict = await CommandRun.Of("reproduce", world.Output("run"), "--output", world.Output("other"), "--resume", "--tolerance", "0");
        Assert.Contains("NOT reproduced: the environment differs", strict.Output, StringComparison.Ordinal);
        Assert.Equal(1, strict.Code);
    }

    [Fact]
    public async Task WhatIsNotTheSameIsSaidWithOne()
    {
        await world.Trained("run", "--epochs", "1");
        var weights = world.Output("run", "model.safetensors");
        var bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);
        var run = await Reproduce("run");
        Assert.Equal(1, run.Code);
        Assert.Matches(@"\nweights: 1 of \d+ tensors differ, most \S+ \(by .*\)\nNOT reproduced, though the environment is the same", run.Output);
    }

    [Fact]
    public async Task ARunFromAnotherRunsModelNeedsThatModel()
    {
        await world.Trained("first", "--epochs", "1");
        await world.Trained("second", "--epochs", "1", "--model", world.Output("first"));
        Assert.Equal(0, (await Reproduce("second")).Code);

        await world.Trained("first", "--epochs", "2", "--overwrite");
        var run = await Reproduce("second", "--overwrite");
        Assert.Equal(2, run.Code);
        Assert.Contains("is not the one that the run to repeat began with", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStudentLearnsAgainAndOnlyFromTheSameTeacher()
    {
        await world.Trained("teacher", "--epochs", "1");
        var student = world.WriteModel("student");
        string[] distil = ["distil", world.Data, "--teacher", world.Output("teacher"), "--student", student, "--output", world.Output("run"), "--epochs", "1", "--max-length", "24", "--tensorboard"];
        var first = await CommandRun.Of(distil);
        Assert.True(first.Code == 0, first.Error);
        var run = await Reproduce("run");
        Assert.True(run.Code == 0, run.Error);

        await world.Trained("teacher", "--epochs", "2", "--overwrite");
        var other = await Reproduce("run", "--overwrite");
        Assert.Equal(2, other.Code);
        Assert.Contains("is not the one that the run learned from", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PretrainingIsRepeatedOnTheSameTextsOnly()
    {
        var texts = world.Output("texts.txt");
        File.WriteAllLines(texts, TinyWorld.Texts(100).Examples.Select(example => example.Text));
        var first = await CommandRun.Of("pretrain", texts, "--model", world.Model, "--output", world.Output("run"), "--steps", "6", "--max-length", "24", "--threads", "1", "--held-out", "0.1");
        Assert.True(first.Code == 0, first.Error);
        var run = await Reproduce("run");
        Assert.True(run.Code == 0, run.Error);
        Assert.Matches(@"\nvalidation loss +(\S+) +\1\n", run.Output);
        Assert.Contains("bit by bit\nreproduced\n", run.Output, StringComparison.Ordinal);

        File.AppendAllText(texts, "the plot\n");
        var changed = await Reproduce("run", "--overwrite");
        Assert.Equal(2, changed.Code);
        Assert.Contains("the data have changed", changed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AllStagesAreRepeated()
    {
        var student = world.WriteModel("student");
        await world.Trained("run", "--stages", "pretrain,chunks,finetune,distil,quantize", "--student", student, "--set", "pretrain.steps=6", "--set", "chunks.max-length=6", "--max-drop", "100", "--epochs", "12", "--batch-size", "16",
            "--learning-rate", "5e-3");
        var run = await Reproduce("run");
        Assert.True(run.Code == 0, run.Error + run.Output);
        foreach (var stage in (string[])["pretrain", "chunks", "finetune", "distil", "quantize"])
        {
            Assert.Contains($"weights of {stage}: identical", run.Output, StringComparison.Ordinal);
            Assert.Equal(world.Weights("run", stage), world.Weights("run-again", stage));
        }

        var stage1 = await Reproduce(Path.Combine("run", "finetune"));
        Assert.Equal(2, stage1.Code);
        Assert.Contains("it is a part of another run", stage1.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--seeds", "seed-42", "seed-43")]
    [InlineData("--folds", "fold-1", "fold-2")]
    public async Task SeveralRunsAreRepeatedTogether(string option, params string[] parts)
    {
        await world.Trained("run", option, "2", "--epochs", "1");
        var run = await Reproduce("run");
        Assert.True(run.Code == 0, run.Error + run.Output);
        foreach (var part in parts)
        {
            Assert.Contains($"weights of {part}: identical", run.Output, StringComparison.Ordinal);
            Assert.Matches($@"\n{part} accuracy +(\S+) +\1\n", run.Output);
            Assert.Equal(world.Weights("run", part), world.Weights("run-again", part));
        }

        Assert.Equal(2, (await Reproduce(Path.Combine("run", parts[0]))).Code);
        RunWorld.WriteTable(world.Data, TinyWorld.Texts(200, seed: 8));
        var changed = await Reproduce("run", "--overwrite");
        Assert.Equal(2, changed.Code);
        Assert.Contains("the data have changed", changed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhatCannotBeRepeatedIsSaid()
    {
        await world.Killed("run", steps: 3);
        var unfinished = await Reproduce("run");
        Assert.Equal(2, unfinished.Code);
        Assert.Contains("is not finished: go on with it first (--resume)", unfinished.Error, StringComparison.Ordinal);

        var none = await CommandRun.Of("reproduce", world.Model);
        Assert.Equal(2, none.Code);
        Assert.Contains("there is no run.json", none.Error, StringComparison.Ordinal);

        using var tiny = new TinyWorld();
        new Trainer(tiny.Job("run", TinyWorld.Recipe() with { Epochs = 1 })).Run(TestContext.Current.CancellationToken);
        var silent = await CommandRun.Of("reproduce", tiny.Output("run"));
        Assert.Equal(2, silent.Code);
        Assert.Contains("does not remember the command", silent.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.Of("reproduce", world.Output("run"), "--tolerance", "-1")).Code);
    }

    private Task<CommandRun> Reproduce(string run, params string[] more) => CommandRun.Of(["reproduce", world.Output(run), .. more]);
}
