using System.Text.Json.Nodes;
using Beret.Data;
using Beret.Tests.Training;
using Beret.Training;
using Beret.Training.Runs;

namespace Beret.Tests.Cli;

/// <summary>The shapes of data and the splits, by the command line alone.</summary>
public sealed class DataCommandTests : IDisposable
{
    private static readonly string[] Quick = ["--epochs", "2", "--batch-size", "16", "--max-length", "24", "--learning-rate", "3e-3", "--threads", "2", "--baseline", "false"];

    private readonly TinyWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task SeveralTablesAreTrainedOnAndTheFinishedModelIsEvaluatedOnAnother()
    {
        Write("part-1.csv", TinyWorld.Texts(60));
        Write("part-2.csv", TinyWorld.Texts(60, seed: 2));
        var (more, test) = (Write("more.csv", TinyWorld.Texts(40, seed: 3)), Write("test.csv", TinyWorld.Texts(30, seed: 4)));
        var run = await Train(world.Output("part-*.csv"), more, "--test", test, "--split", "stratified");
        Assert.Contains("Found 160 texts", run.Output);
        Assert.Contains("Split stratified, every label in both parts (seed 42).", run.Output);
        Assert.Contains("The same model on the test texts", run.Output);
        Assert.Equal(30, (int)JsonNode.Parse(File.ReadAllText(Path.Combine(world.Output("run"), "test_metrics.json")))!["examples"]!);

        // What the run is called is what it can be asked for by again.
        var record = File.ReadAllText(Path.Combine(world.Output("run"), "run.json"));
        Assert.Contains("part-*.csv", record);
        Assert.Contains("--test", record);
        var evaluated = await CommandRun.Of("evaluate", world.Output("run"), world.Output("part-1.csv"), world.Output("part-2.csv"), "--json");
        Assert.True(evaluated.Code == 0, evaluated.Error);
        Assert.Equal(120, (int)JsonNode.Parse(evaluated.Output)!["examples"]!);
    }

    [Fact]
    public async Task AnInterruptedRunOnSeveralTablesGoesOnWithThem()
    {
        var (one, two) = (Write("one.csv", TinyWorld.Texts(60)), Write("two.csv", TinyWorld.Texts(60, seed: 2)));
        string[] options = ["--model", world.Model, "--split", "grouped", "--group-column", "author", "--json", .. Quick];
        var whole = await CommandRun.Of(["train", one, two, "--output", world.Output("whole"), .. options]);
        Assert.True(whole.Code == 0, whole.Error);

        using var stop = new CancellationTokenSource();
        var data = DataSource.Open([one, two], DataOptions.Default with { Table = new TableOptions { Group = "author" } }).Load(DataSource.Train, cancellationToken: TestContext.Current.CancellationToken);
        var job = new TrainingJob
        {
            ModelFolder = world.Model, ModelName = world.Model, Data = data, DataName = $"{one} + {two}", Output = world.Output("half"),
            Recipe = new TrainingRecipe { Epochs = 2, BatchSize = 16, MaxLength = 24, LearningRate = 3e-3, Threads = 1, Baseline = false, Split = SplitMethod.Grouped },
        };
        Assert.True(new Trainer(job, new After(3, stop.Cancel)).Run(stop.Token).IsInterrupted);

        // Begun by a program, it remembers no command.
        var without = await CommandRun.Of("train", "--output", world.Output("half"), "--resume");
        Assert.Contains("--split grouped needs to know the groups", without.Error);
        await AssertGoesOn("half", "--group-column", "author");

        // Begun by a command, it does: what is not said again is as it was, and what is said is otherwise.
        using var stopAgain = new CancellationTokenSource();
        var command = new RunCommand("train", [one, two], ["--model", world.Model, "--group-column", "author"]);
        Assert.True(new Trainer(job with { Output = world.Output("known"), Command = command }, new After(3, stopAgain.Cancel)).Run(stopAgain.Token).IsInterrupted);
        Assert.Contains("no column `nobody`", (await CommandRun.Of("train", "--output", world.Output("known"), "--resume", "--group-column", "nobody")).Error);
        await AssertGoesOn("known");
        return;

        async Task AssertGoesOn(string name, params string[] said)
        {
            var rest = await CommandRun.Of(["train", "--output", world.Output(name), "--resume", "--json", .. said]);
            Assert.True(rest.Code == 0, rest.Error);
            Assert.Equal(File.ReadAllBytes(Path.Combine(world.Output("whole"), "model.safetensors")), File.ReadAllBytes(Path.Combine(world.Output(name), "model.safetensors")));
        }
    }

    [Fact]
    public async Task GroupsAndTheirColumnGoTogetherAndTheirSizesAreSaid()
    {
        var file = Write("a.csv", TinyWorld.Texts(80));
        Assert.Contains("--group-column", (await Refused(file, "--split", "grouped")).Error);
        Assert.Contains("add --split grouped", (await Refused(file, "--group-column", "author")).Error);
        var run = await Train(file, "--split", "grouped", "--group-column", "author");
        Assert.Contains("Split grouped, 6 groups for training and 1 others for validation (seed 42).", run.Output);
    }

    [Fact]
    public async Task StandardInputIsATableOfTheFormatThatIsSaid()
    {
        var lines = string.Concat(TinyWorld.Texts(60).Examples.Select(example => $"{{\"text\": \"{example.Text}\", \"label\": {example.Label}}}\n"));
        var run = await CommandRun.WithInput(lines, ["train", "-", "--format", "jsonl", "--model", world.Model, "--output", world.Output("run"), .. Quick]);
        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("Found 60 texts", run.Output);
        var nameless = await CommandRun.WithInput(lines, ["train", "-", "--model", world.Model, "--output", world.Output("other")]);
        Assert.Equal(2, nameless.Code);
        Assert.Contains("add --format, which is csv, tsv, jsonl or json", nameless.Error);
    }

    [Theory]
    [InlineData("--validation")]
    [InlineData("--test")]
    public async Task ALabelUnseenInTrainingIsSaidBeforeTrainingWithTheKnownOnesAndItsLine(string option)
    {
        var file = Write("a.csv", TinyWorld.Texts(60));
        File.WriteAllText(world.Output("other.json"), """[{"text": "the film", "label": "pos"}, {"text": "a plot", "label": "neg"},""" + "\n" + """{"text": "odd", "label": "unsure"}]""");
        var run = await Refused(file, option, world.Output("other.json"));
        Assert.Contains("`unsure` is not known; the known labels are `neg`, `pos`. The first such example is line 2.", run.Error);
        Assert.DoesNotContain("epoch", run.Output);
    }

    private sealed class After(int step, Action act) : TrainingCallbacks
    {
        public override void Stepped(in TrainingProgress progress)
        {
            if (progress.Step == step)
            {
                act();
            }
        }
    }

    private async Task<CommandRun> Train(params string[] arguments)
    {
        var run = await CommandRun.Of(["train", .. arguments, "--model", world.Model, "--output", world.Output("run"), .. Quick]);
        Assert.True(run.Code == 0, run.Error);
        return run;
    }

    private async Task<CommandRun> Refused(params string[] arguments)
    {
        var run = await CommandRun.Of(["train", .. arguments, "--model", world.Model, "--output", world.Output("refused"), .. Quick]);
        Assert.Equal(2, run.Code);
        return run;
    }

    private string Write(string name, LabelledTexts texts)
    {
        var path = world.Output(name);
        File.WriteAllLines(path, texts.Examples.Select((example, i) => $"{example.Text},{texts.Labels[example.Label]},author {i % 7}").Prepend("text,label,author"));
        return path;
    }
}
