using System.Text.Json.Nodes;
using Beret.Tests.Cli;

namespace Beret.Tests.Runs;

/// <summary><c>--tensorboard</c>, read back by a second implementation.</summary>
public sealed class TensorBoardTests : IDisposable
{
    private readonly RunWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task TheFilesSayWhatTheLogSays()
    {
        await world.Trained("run", "--tensorboard", "--validate-every", "25", "--keep", "f1");
        var events = EventReader.Read(Assert.Single(Files("run")));
        Assert.Equal(("brain.Event:2", null), (events[0].Version, events[0].Session));
        Assert.All(events, one => Assert.InRange(one.Time, 1.6e9, 1e11));
        var log = Log("run");
        foreach (var (key, tag) in ((string, string)[])[("loss", "train/loss"), ("learning_rate", "train/learning_rate"), ("gradient_norm", "train/gradient_norm")])
        {
            Assert.Equal(Figures(log, "step", key), Scalars(events, tag));
        }

        Assert.Equal(120, Scalars(events, "train/loss").Count());
        foreach (var (key, tag) in ((string, string)[])[("validation_loss", "validation/loss"), ("validation_accuracy", "validation/accuracy"), ("validation_f1", "validation/f1"), ("loss", "epoch/loss")])
        {
            Assert.Equal(Figures(log, "validation", key).Concat(Figures(log, "epoch", key)).OrderBy(pair => pair.Step), Scalars(events, tag));
        }

        Assert.Equal([25, 40, 50, 75, 80, 100, 120], Scalars(events, "validation/loss").Select(pair => pair.Step));
    }

    [Fact]
    public async Task ARunThatGoesOnBeginsAFileThatTakesBackWhatIsDoneAgain()
    {
        await world.Trained("whole");
        await world.Killed("run", steps: 50, "--tensorboard", "--checkpoint-every", "20");
        await world.Trained("run", "--tensorboard", "--checkpoint-every", "20", "--resume");
        var files = Files("run").Select(EventReader.Read).ToList();
        Assert.Equal(2, files.Count);

        // The last checkpoint was at the end of the epoch, after 40 steps.
        Assert.Equal(("brain.Event:2", 1, 41L), (files[1][0].Version, files[1][1].Session!.Value, files[1][1].Step));
        var seen = files[0].Where(one => one.Step < files[1][1].Step).Concat(files[1]).ToList();
        Assert.Equal(Figures(Log("whole"), "step", "loss"), Scalars(seen, "train/loss"));
        Assert.Equal(Figures(Log("whole"), "epoch", "validation_loss"), Scalars(seen, "validation/loss"));
        Assert.Equal(world.Weights("whole"), world.Weights("run"));
    }

    [Fact]
    public async Task WithoutTheOptionThereAreNoneAndANewRunTakesTheOldOnesAway()
    {
        await world.Trained("run", "--tensorboard", "--max-steps", "2");
        Assert.Single(Files("run"));
        await world.Trained("run", "--overwrite", "--max-steps", "2");
        Assert.False(Directory.Exists(world.Output("run", "tensorboard")));
    }

    [Fact]
    public async Task PretrainingAndStagesHaveThemToo()
    {
        File.WriteAllLines(world.Output("texts.txt"), File.ReadLines(world.Data).Skip(1).Select(line => line.Split(',')[0]));
        var run = await CommandRun.Of("pretrain", world.Output("texts.txt"), "--model", world.Model, "--output", world.Output("encoder"), "--steps", "6", "--max-length", "24", "--tensorboard");
        Assert.True(run.Code == 0, run.Error);
        Assert.Equal(6, Scalars(EventReader.Read(Assert.Single(Files("encoder"))), "train/loss").Count());

        await world.Trained("staged", "--stages", "pretrain,finetune", "--set", "pretrain.steps=3", "--tensorboard");
        Assert.Single(Files(Path.Combine("staged", "pretrain")));
        Assert.Single(Files(Path.Combine("staged", "finetune")));
    }

    private string[] Files(string output) => [.. Directory.GetFiles(world.Output(output, "tensorboard"), "events.out.tfevents.*").Order(StringComparer.Ordinal)];

    private List<JsonNode> Log(string output) => [.. world.Read(output, "log.jsonl").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    private static IEnumerable<(long Step, float Value)> Figures(List<JsonNode> log, string kind, string key) =>
        log.Where(line => (string)line["event"]! == kind).Select(line => ((long)line["step"]!, (float)(double)line[key]!));

    private static IEnumerable<(long Step, float Value)> Scalars(List<TensorBoardEvent> events, string tag) =>
        events.Where(one => one.Scalars.ContainsKey(tag)).Select(one => (one.Step, one.Scalars[tag]));
}
