using System.Text.RegularExpressions;
using Beret.Tests.Cli;

namespace Beret.Tests.Runs;

/// <summary>What happens to a run's folder from outside: a clear message, nothing lost, and the run goes on to the same bits.</summary>
public sealed class FaultTests(FaultTests.Undisturbed undisturbed) : IClassFixture<FaultTests.Undisturbed>
{
    private readonly RunWorld world = undisturbed.World;

    [Theory]
    [InlineData("flipped")]
    [InlineData("cut")]
    [InlineData("emptied")]
    [InlineData("replaced")]
    [InlineData("deleted")]
    public async Task ACheckpointThatCannotBeReadGivesWayToTheOneBefore(string fault)
    {
        await world.Killed($"damaged-{fault}", steps: 4);
        Damage(world.Output($"damaged-{fault}", "resume.safetensors"), fault);
        var run = await CommandRun.Of(world.Train($"damaged-{fault}", "--resume"));
        Assert.Equal(0, run.Code);
        AssertMatches(@$"resume\.safetensors {(fault == "deleted" ? "is missing" : @"cannot be read \(.*\)")}: going on from the checkpoint before it, that of step \d+ \(resume\.before\.safetensors\)\n", run.Error);
        world.AssertSame("whole", $"damaged-{fault}");
    }

    [Fact]
    public async Task WithoutAnyCheckpointThatCanBeReadTheRunBeginsAgainAndSaysSo()
    {
        await world.Killed("unreadable", steps: 4);
        Damage(world.Output("unreadable", "resume.safetensors"), "cut");
        Damage(world.Output("unreadable", "resume.before.safetensors"), "flipped");
        var run = await CommandRun.Of(world.Train("unreadable", "--resume"));
        Assert.Equal(0, run.Code);
        AssertMatches(@"resume\.safetensors cannot be read .*resume\.before\.safetensors cannot be read .*the run begins again with its first step", run.Error);
        world.AssertSame("whole", "unreadable");
    }

    [Fact]
    public async Task AFullDiskEndsTheRunWithWhatIsSafe()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no limit on the size of a file to stand for a full disk");
        await world.Killed("full", steps: 3);
        var size = new FileInfo(world.Output("full", "resume.safetensors")).Length;

        // Half of a checkpoint fits.
        using var full = BeretProcess.Under($"trap '' XFSZ; ulimit -f {size / 2048}; exec \"$@\"", world.Train("full", "--resume"));
        var run = await full.Ends();
        Assert.Equal(2, run.Code);
        AssertMatches(@"resume\.safetensors cannot be written: .*The run has stopped; its state after step \d+ is safe: when there is room again and leave to write, go on with --resume\n$", run.Error);
        Assert.DoesNotContain("unexpected", run.Error, StringComparison.Ordinal);

        var resumed = await CommandRun.Of(world.Train("full", "--resume"));
        Assert.True(resumed.Code == 0, resumed.Error);
        world.AssertSame("whole", "full");
    }

    [Fact]
    public async Task ALogThatCannotGrowEndsTheRunLikewise()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there is no limit on the size of a file to stand for a full disk");
        // The log of the first epoch, at whose end the first checkpoint is made, does not fit.
        using var full = BeretProcess.Under("trap '' XFSZ; ulimit -f 8; exec \"$@\"", world.Train("log", "--checkpoint-every", "0"));
        var run = await full.Ends();
        Assert.Equal(2, run.Code);
        AssertMatches(@"log cannot be written: .*The run has stopped; it had saved nothing yet", run.Error);
        Assert.Equal(0, (await CommandRun.Of(world.Train("log", "--checkpoint-every", "0", "--resume"))).Code);
        world.AssertSame("whole", "log");
    }

    [Fact]
    public async Task AFolderThatMayOnlyBeReadIsSaidBeforeAnythingIsTrained()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "folders have no such permission there");
        var parent = world.Output("locked");
        Directory.CreateDirectory(parent);
        using var run = await AsUserWithout(parent, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute, world.Train("locked/run"));
        var ended = await run.Ends();
        Assert.Equal((2, ""), (ended.Code, ended.Output));
        AssertMatches($@"\nberet: cannot write beside {parent}/run: .*denied", ended.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(parent));
    }

    [Fact]
    public async Task ASecondProcessIsRefusedAndTheFirstLosesNothing()
    {
        using var first = BeretProcess.Start(world.Train("shared"));
        await first.Until(() => world.StepsOf("shared") >= 1);
        foreach (var option in (string[])["--resume", "--overwrite"])
        {
            var second = await CommandRun.Of(world.Train("shared", option));
            if (first.HasEnded)
            {
                break;
            }

            Assert.Equal(2, second.Code);
            Assert.Contains($"another run is working on {world.Output("shared")}: wait for its end, or choose another folder (--output)", second.Error, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await first.Ends()).Code);
        world.AssertSame("whole", "shared");
    }

    [Fact]
    public async Task TheLockOfAKilledProcessIsInNobodysWay()
    {
        await world.Killed("lock", steps: 2);
        Assert.Contains(world.Output(".lock.run"), world.Beside("lock"));
        Assert.Equal(0, (await CommandRun.Of(world.Train("lock", "--resume"))).Code);
        world.AssertSame("whole", "lock");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AFolderThatIsDeletedUnderTheRunIsWrittenAgain(bool hasModel)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a folder with an open file cannot be deleted there");
        using var process = BeretProcess.Start(world.Train($"deleted-{hasModel}"));
        await process.Until(() => world.StepsOf($"deleted-{hasModel}") >= (hasModel ? 45 : 3));
        Delete(world.Output($"deleted-{hasModel}"));
        var ended = await process.Ends();
        Assert.Equal(2, ended.Code);
        AssertMatches(@" was deleted while the run was working on it\. The run has stopped; its log and its state after step \d+ are there again: go on with --resume", ended.Error);
        Assert.Equal(hasModel, ended.Error.Contains("Gone is the model that was kept, that of step 40: ", StringComparison.Ordinal));

        Assert.Equal(0, (await CommandRun.Of(world.Train($"deleted-{hasModel}", "--resume"))).Code);
        world.AssertSame("whole", $"deleted-{hasModel}");
    }

    [Fact]
    public async Task AModelThatIsGoneWhenTheRunGoesOnIsSaid()
    {
        await world.Killed("modelless", steps: 45);
        File.Delete(world.Output("modelless", "model.safetensors"));
        var run = await CommandRun.Of(world.Train("modelless", "--resume"));
        Assert.Equal(0, run.Code);
        Assert.Contains("the model that was kept, that of step 40, is gone", run.Error, StringComparison.Ordinal);
        world.AssertSame("whole", "modelless");
    }

    [Fact]
    public async Task OverwritingTakesNothingAwayUntilTheNewRunBegins()
    {
        await world.Killed("replaced", steps: 3);
        var before = Directory.GetFiles(world.Output("replaced")).Order().ToArray();
        var run = await CommandRun.Of("train", world.Output("no-such.csv"), "--model", world.Model, "--output", world.Output("replaced"), "--overwrite");
        Assert.Equal(2, run.Code);
        var wrong = await CommandRun.Of(world.Train("replaced", "--overwrite", "--keep", "spearman"));
        Assert.Equal(2, wrong.Code);
        Assert.Equal(before, Directory.GetFiles(world.Output("replaced")).Order());

        await world.Trained("replaced", "--overwrite", "--epochs", "1");
        Assert.False(Beret.Training.Trainer.IsInterrupted(world.Output("replaced")));
    }

    /// <summary>The run that nothing happens to, trained once.</summary>
    public sealed class Undisturbed : IAsyncLifetime
    {
        internal RunWorld World { get; } = new();

        public async ValueTask InitializeAsync() => await World.Trained("whole");

        public ValueTask DisposeAsync()
        {
            World.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private static void AssertMatches(string pattern, string text) => Assert.True(Regex.IsMatch(text, pattern), $"{pattern}\n{text}");

    private static void Damage(string path, string fault)
    {
        if (fault == "deleted")
        {
            File.Delete(path);
            return;
        }

        var bytes = File.ReadAllBytes(path);
        bytes[bytes.Length * 3 / 4] ^= 0x10;

        // Killed between two changes of names, the run has left one file under both; only one is to be hurt.
        File.Delete(path);
        File.WriteAllBytes(path, fault switch { "flipped" => bytes, "cut" => bytes[..(bytes.Length / 2)], "replaced" => "no checkpoint"u8.ToArray(), _ => [] });
    }

    /// <summary>The run may be writing into the folder: then another try.</summary>
    private static void Delete(string folder)
    {
        for (var attempt = 0; Directory.Exists(folder); attempt++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 100)
            {
            }
        }
    }

    /// <summary>Runs the command where a folder has these permissions, as somebody whom they bind: for root they say nothing.</summary>
    private static async Task<BeretProcess> AsUserWithout(string folder, UnixFileMode mode, string[] arguments)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new PlatformNotSupportedException();
        }

        File.SetUnixFileMode(folder, mode);
        if (!Environment.IsPrivilegedProcess)
        {
            return BeretProcess.Start(arguments);
        }

        const string Nobody = "export HOME=/tmp DOTNET_CLI_HOME=/tmp; exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"";
        using var trial = BeretProcess.Under(Nobody, "--version");
        var tried = await trial.Ends();
        Assert.SkipWhen(tried.Code != 0, $"the tests run as root, whom no permission binds, and cannot run the program as another: {tried.Error}");
        return BeretProcess.Under(Nobody, arguments);
    }
}
