using System.Text.RegularExpressions;

namespace Beret.Tests.Architecture;

public sealed partial class ContinuousIntegrationTests
{
    /// <summary>A filter that names no test runs none, and nobody would see it.</summary>
    [Fact]
    public void The_tests_that_it_runs_by_name_are_there()
    {
        var names = TestName().Matches(File.ReadAllText(Repository.Path(".ci", "run"))).Select(match => match.Value).ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.NotNull(typeof(ContinuousIntegrationTests).Assembly.GetType(name)));
    }

    [GeneratedRegex(@"\bBeret\.Tests(\.\w+)+Tests\b")]
    private static partial Regex TestName();
}
