using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;

namespace Beret.Tests.Cli;

public sealed class VocabCommandTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("wordpiece", "vocab.txt")]
    [InlineData("unigram", "tokenizer.json")]
    public async Task The_folder_it_writes_is_a_tokenizer(string type, string file)
    {
        var folder = temporary["vocab"];
        var run = await CommandRun.Of("vocab", Repository.Path("samples", "reviews"), "--size", "600", "--type", type, "--output", folder);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        Assert.Contains("480, ", run.Output);
        Assert.Contains("600 tokens", run.Output);
        Assert.True(File.Exists(temporary["vocab", file]));
        var tokens = await CommandRun.WithInput("The film was good\n", "tokenize", "--model", folder, "--plain", "--no-special");
        Assert.Equal(4, JsonNode.Parse(tokens.Output)!["ids"]!.AsArray().Count);
    }

    [Fact]
    public async Task The_result_as_JSON_has_the_measure_of_the_held_out_texts()
    {
        var run = await CommandRun.Of(
            "vocab", temporary.Write("a.txt", "ab ab\nab abb\n"), "--output", temporary["vocab"], "--size", "8", "--min-frequency", "1",
            "--held-out", temporary.Write("b.txt", "ab abb, AB"), "--cased", "--json");
        Assert.Equal(0, run.Code);
        var json = JsonNode.Parse(run.Output)!;
        Assert.Equal((2, 4, 2, 8), ((int)json["texts"]!, (int)json["words"]!, (int)json["distinct_words"]!, (int)json["size"]!));
        var heldOut = json["held_out"]!;
        Assert.Equal((4, 5, 2), ((int)heldOut["words"]!, (int)heldOut["tokens"]!, (int)heldOut["unknown"]!));
        Assert.Equal(1.25, (double)heldOut["tokens_per_word"]!);
    }

    [Fact]
    public async Task A_folder_with_something_in_it_is_left_alone_unless_told_otherwise()
    {
        var text = temporary.Write("a.txt", "ab ab");
        temporary.Write("vocab/mine.txt", "mine");
        var refused = await CommandRun.Of("vocab", text, "--output", temporary["vocab"]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("not empty", refused.Error);
        Assert.Equal(0, (await CommandRun.Of("vocab", text, "--output", temporary["vocab"], "--overwrite")).Code);
        Assert.True(File.Exists(temporary["vocab", "mine.txt"]));
    }

    [Fact]
    public async Task A_vocabulary_that_cannot_be_as_large_as_asked_is_written_and_said()
    {
        var run = await CommandRun.Of("vocab", temporary.Write("a.txt", "ab ab"), "--output", temporary["vocab"]);
        Assert.Equal(0, run.Code);
        Assert.Contains("8 tokens, not 8000", run.Error);
    }

    [Theory]
    [InlineData("choose a size of", "--size", "6")]
    [InlineData("exclude each other", "--cased", "--uncased")]
    [InlineData("whole number from 1 on", "--size", "0")]
    [InlineData("listed twice", "--special", "[CLS]")]
    public async Task What_cannot_be_done_is_said_with_what_to_do(string message, params string[] options)
    {
        var run = await CommandRun.Of(["vocab", temporary.Write("a.txt", "ab ab"), "--output", temporary["vocab"], .. options]);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
        Assert.False(Directory.Exists(temporary["vocab"]));
    }

    [Fact]
    public async Task Texts_that_are_not_there_are_named()
    {
        var run = await CommandRun.Of("vocab", temporary["nowhere.txt"], "--output", temporary["vocab"]);
        Assert.Equal(2, run.Code);
        Assert.Contains("nowhere.txt", run.Error);
    }
}
