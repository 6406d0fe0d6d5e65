using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Cli;

/// <summary><c>beret/mini</c> wherever a model is named.</summary>
public sealed class EmbeddedModelCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public EmbeddedModelCommandTests()
    {
        temporary.Write("reviews.csv", "text,label\n" + string.Concat(Enumerable.Range(0, 12).Select(i => i % 2 == 0 ? "a fine film,pos\n" : "a dull film,neg\n")));
        temporary.Write("lines.txt", string.Concat(Enumerable.Repeat("a fine film and a dull one\n", 40)));
    }

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task ItTrainsConvertsAndIsTaught()
    {
        var trained = await CommandRun.Of("train", temporary["reviews.csv"], "--model", "beret/mini", "--output", temporary["run"], "--epochs", "1", "--max-length", "16");
        Assert.Equal(0, trained.Code);
        Assert.Contains("Encoder      : beret/mini: bert, 4 layers, hidden size 256", trained.Output);

        var taught = await CommandRun.Of(
            "distil", temporary["reviews.csv"], "--teacher", temporary["run"], "--student", "beret/mini", "--output", temporary["student"], "--epochs", "1", "--max-length", "16");
        Assert.Equal(0, taught.Code);

        var converted = await CommandRun.Of("convert", "beret/mini", temporary["converted"]);
        Assert.Equal(0, converted.Code);
        Assert.Contains("bert, 5,404,", converted.Output);
    }

    [Fact]
    public async Task ItIsPretrainedFurther()
    {
        var run = await CommandRun.Of("pretrain", temporary["lines.txt"], "--model", "beret/mini", "--output", temporary["run"], "--steps", "1", "--max-length", "16", "--held-out", "0");
        Assert.Equal(0, run.Code);
    }

    [Fact]
    public async Task ItIsLookedAtAndItsTokensAreShown()
    {
        var info = JsonNode.Parse((await CommandRun.Of("info", "beret/mini", "--json")).Output)!;
        Assert.Contains("beret/mini", (await CommandRun.Of("models", "beret/")).Output);
        Assert.NotNull(info);
        var tokens = await CommandRun.WithInput("an amazing movie!\n", "tokenize", "--model", "beret/mini", "--plain");
        Assert.Equal(0, tokens.Code);
        Assert.True(JsonNode.Parse(tokens.Output)!["ids"]!.AsArray().Count >= 6);
    }

    [Fact]
    public async Task ModelsSaysThatItIsAPartOfTheProgram()
    {
        Assert.Contains("Beret's own: a part of the program, never downloaded", (await CommandRun.Of("models")).Lines);
        var model = JsonNode.Parse((await CommandRun.Of("models", "beret/mini", "--json")).Output)!.AsArray()[0]!;
        Assert.True((bool)model["embedded"]!);
        Assert.Equal("beret/mini", (string?)model["short_name"]);
    }

    [Fact]
    public async Task ItIsNoClassifierAndPredictSaysSo()
    {
        var run = await CommandRun.Of("predict", "beret/mini", "a fine film");
        Assert.Equal(2, run.Code);
        Assert.Contains("beret train", run.Error);
    }
}
