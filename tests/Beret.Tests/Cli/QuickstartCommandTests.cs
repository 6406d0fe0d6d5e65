using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Cli;

/// <summary>The README's first command.</summary>
public sealed class QuickstartCommandTests : IDisposable
{
    private readonly TemporaryFolder disk = new();

    public void Dispose() => disk.Dispose();

    [Fact]
    public async Task ItShowsAllOfTheTutorialAndWhatToDoNext()
    {
        var run = await CommandRun.Of("quickstart", "--output", disk["run"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("Found 480 texts belonging to 2 classes (binary): neg, pos.", run.Lines);
        Assert.Contains("reload: identical", run.Lines);
        Assert.Contains("validation", run.Output);
        Assert.Matches(@"\naccuracy \(p > 0\.5\) +0\.\d{4}", run.Output);
        Assert.Matches(@"\ninput: The movie was terrible\.\.\.      : score: 0\.\d{6} : label: (neg|pos)\n", run.Output);
        Assert.Contains(Path.Combine(disk["run"], "report.html"), run.Output);
        Assert.Contains("beret train mine.csv --model beret/mini", run.Output);

        var predicted = await CommandRun.Of("predict", disk["run"], "The movie was great!");
        Assert.Contains(predicted.Lines[0], run.Lines);
    }

    [Fact]
    public async Task AFolderThatHoldsSomethingElseIsRefused()
    {
        disk.Write("mine/notes.txt", "mine");
        var run = await CommandRun.Of("quickstart", "--output", disk["mine"], "--json");
        Assert.Equal(2, run.Code);
        Assert.Contains("choose another folder (--output)", run.Error);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task ItsHelpSaysWhatItTakes()
    {
        var run = await CommandRun.Of("quickstart", "--help");
        Assert.Equal(0, run.Code);
        Assert.Contains("less than a minute on two cores and needs no network", run.Output);
        Assert.Contains("[default: runs/quickstart]", run.Output);
    }
}
