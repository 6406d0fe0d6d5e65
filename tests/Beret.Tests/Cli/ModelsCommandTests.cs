using System.Text.Json.Nodes;
using Beret.Hub;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Cli;

public sealed class ModelsCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task ModelsListsEveryNameWithin80Columns()
    {
        var run = await CommandRun.Of("models");
        Assert.Equal(0, run.Code);
        Assert.All(run.Lines.Where(line => !line.Contains("in the cache")), line => Assert.True(line.Length <= 80, line));
        Assert.All(ModelCatalogue.Entries, entry => Assert.Contains(run.Lines, line => line[1..].TrimStart().StartsWith(entry.ShortName + " ", StringComparison.Ordinal)));
        Assert.Contains("small BERT: uncased WordPiece, Apache-2.0", run.Lines);
    }

    [Fact]
    public async Task ModelsListsWhatTheFilterNames()
    {
        var run = await CommandRun.Of("models", "TALKING");
        Assert.Contains("talking-heads_large", run.Output);
        Assert.DoesNotContain("albert", run.Output);

        run = await CommandRun.Of("models", "small_bret");
        Assert.Equal(2, run.Code);
        Assert.Contains("no known model has 'small_bret'", run.Error);
    }

    [Fact]
    public async Task ModelsGivesAllFactsAsJson()
    {
        var run = await CommandRun.Of("models", "small_bert/bert_en_uncased_L-4_H-512", "--json");
        var model = Assert.Single(JsonNode.Parse(run.Output)!.AsArray())!;
        Assert.Equal("small_bert/bert_en_uncased_L-4_H-512_A-8", (string?)model["name"]);
        Assert.Equal(28_763_648, (long)model["parameters"]!);
        Assert.Equal("tensorflow", (string?)model["source"]);
        Assert.Equal("uncased WordPiece", (string?)model["preprocessing"]);
        Assert.Equal("Apache-2.0", (string?)model["licence"]);
        Assert.True(model.AsObject().ContainsKey("cached"));
        Assert.True((double)model["texts_per_second"]! > 0);
    }

    [Fact]
    public async Task PullPrintsTheFoldersAndGoesOnAfterAFailure()
    {
        temporary.Write("model/config.json", "{}");
        var run = await CommandRun.Of("models", "pull", "./absent", temporary["model"]);
        Assert.Equal(2, run.Code);
        Assert.Equal(temporary["model"], Assert.Single(run.Lines));
        Assert.Contains("'./absent' is not there", run.Error);
    }

    [Fact]
    public async Task PullHasHelpWithExamples()
    {
        var run = await CommandRun.Of("models", "pull", "--help");
        Assert.Contains("beret models pull <NAME>... [options]", run.Output);
        Assert.Contains("HF_TOKEN", run.Output);
        Assert.Contains("Examples:", run.Output);
    }
}
