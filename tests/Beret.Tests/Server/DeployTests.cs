using System.Text.RegularExpressions;
using Beret.Tests.Cli;

namespace Beret.Tests.Server;

/// <summary>The files under deploy/ ask for what the program has.</summary>
public sealed partial class DeployTests
{
    [Theory]
    [InlineData("Containerfile", 3)]
    [InlineData("beret.service", 3)]
    [InlineData("kubernetes.yaml", 1)]
    public async Task EveryOptionIsOneOfServe(string file, int least)
    {
        var help = (await CommandRun.Of("serve", "--help")).Output;
        var asked = File.ReadLines(Repository.Path("deploy", file)).Where(line => Command().IsMatch(line)).SelectMany(line => Option().Matches(line)).Select(option => option.Value).ToArray();
        Assert.True(asked.Length >= least);
        Assert.All(asked, option => Assert.Matches($@"(?m)^\s+{option}\b", help));
    }

    [Fact]
    public async Task ADrainEndsBeforeTheServerIsKilled()
    {
        var usual = int.Parse(DrainDefault().Match((await CommandRun.Of("serve", "--help")).Output).Groups[1].Value);
        Assert.All(
            [("beret.service", @"TimeoutStopSec=(\d+)"), ("kubernetes.yaml", @"terminationGracePeriodSeconds: (\d+)")],
            one => Assert.True(int.Parse(Regex.Match(File.ReadAllText(Repository.Path("deploy", one.Item1)), one.Item2).Groups[1].Value) > usual));
    }

    [GeneratedRegex("^(ENTRYPOINT|CMD|ExecStart=| *args:)")]
    private static partial Regex Command();

    [GeneratedRegex("--[a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex(@"--drain.*?\[default: (\d+)\]", RegexOptions.Singleline)]
    private static partial Regex DrainDefault();
}
