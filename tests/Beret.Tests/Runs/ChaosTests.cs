using Beret.Tests.Cli;

namespace Beret.Tests.Runs;

/// <summary>A trainer that is killed at any moment, also while it writes, goes on to the bits of one that was never interrupted. <c>bench/chaos/run</c> is the long form.</summary>
public sealed class ChaosTests : IDisposable
{
    private const int Kills = 8;

    private readonly RunWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public Task KillsOfTrainingChangeNoBit() => KillsChangeNoBit(output => world.Train(output, "--epochs", "4", "--validate-every", "7"));

    [Fact]
    public Task KillsOfPretrainingChangeNoBit() => KillsChangeNoBit(world.Pretrain);

    [Fact]
    public async Task KillsOfDistillingChangeNoBit()
    {
        await world.Trained("teacher", "--epochs", "1");
        await KillsChangeNoBit(output => world.Distil(output, "teacher"));
    }

    [Fact]
    public async Task ARunThatIsKilledBeforeItsFirstCheckpointBeginsAgain()
    {
        await world.Trained("whole", "--checkpoint-every", "0");
        await world.Killed("parts", steps: 2, "--checkpoint-every", "0");
        Assert.False(File.Exists(world.Output("parts", "resume.safetensors")));
        var run = await CommandRun.Of(world.Train("parts", "--checkpoint-every", "0", "--resume"));
        Assert.Equal(0, run.Code);
        Assert.Contains("the run begins again with its first step", run.Error, StringComparison.Ordinal);
        world.AssertSame("whole", "parts");
    }

    private async Task KillsChangeNoBit(Func<string, string[]> command)
    {
        var whole = await CommandRun.Of(command("whole"));
        Assert.True(whole.Code == 0, whole.Error);

        var random = new Random(7);
        var (kills, writing) = (0, 0);
        for (; kills < Kills && !IsFinished(); kills++)
        {
            // The first session may be ended before there is a folder; then it begins anew.
            using var process = BeretProcess.Start([.. command("parts"), .. Directory.Exists(world.Output("parts")) ? ["--resume"] : Array.Empty<string>()]);
            var (before, steps) = (world.StepsOf("parts"), random.Next(1, 5));
            switch (kills % 4)
            {
                case 0:
                    // At the very beginning, wherever that is.
                    await Task.Delay(random.Next(50, 400), TestContext.Current.CancellationToken);
                    break;
                case 1:
                    await process.Until(() => world.Read("parts", "log.jsonl").Length > 0 && world.StepsOf("parts") != before);
                    process.AsSoonAs(() => File.Exists(world.Output("parts", ".resume.safetensors.new")));
                    writing++;
                    break;
                case 2:
                    await process.Until(() => world.StepsOf("parts") > before + steps);
                    break;
                default:
                    process.AsSoonAs(() => Directory.Exists(world.Output(".parts.new")));
                    writing++;
                    break;
            }

            process.Kill();
            var run = await process.Ends();
            Assert.True(run.Code is 0 or 137 or -1, $"{run.Code}: {run.Error}");
        }

        Assert.True(kills >= 4 && writing >= 2, $"{kills} kills, {writing} while writing: the run is too short");
        var last = await CommandRun.Of([.. command("parts"), "--resume"]);
        Assert.True(last.Code == 0, last.Error);
        world.AssertSame("whole", "parts");

        // And one more time: that there is nothing to do is no failure, so that a script may say it until it is so.
        var finished = await CommandRun.Of([.. command("parts"), "--resume"]);
        Assert.Equal((0, $"beret: the run in {world.Output("parts")} is finished; there is nothing to go on with\n"), (finished.Code, finished.Error));
    }

    private bool IsFinished() => Directory.Exists(world.Output("parts")) && Beret.Training.Trainer.IsFinished(world.Output("parts"));
}
