using System.IO.Compression;
using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;
using Beret.Tests.Inference;

namespace Beret.Tests.Cli;

public sealed class TokenizeTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task EachLineGivesIdsTypesAndOffsets()
    {
        var run = await Tokenize("{\"text\": \"this is 😀 an amazing movie!\"}\n");
        Assert.Equal(
            """{"ids":[2,5,6,1,8,9,10,11,3],"types":[0,0,0,0,0,0,0,0,0],"offsets":[[0,0],[0,4],[5,7],[8,10],[11,13],[14,21],[22,27],[27,28],[0,0]]}""",
            run.Lines.Single());
    }

    [Fact]
    public async Task APairHasTypesAndOffsetsInItsOwnText()
    {
        var run = await Tokenize("{\"text\": \"a\", \"pair\": \"the movie\", \"label\": 1}\n", "--flavour", "tf");
        Assert.Equal("""{"ids":[2,17,3,12,10,3],"types":[0,0,0,1,1,1],"offsets":[[0,0],[0,1],[0,0],[0,3],[4,9],[0,0]]}""", run.Lines.Single());
    }

    [Fact]
    public async Task PaddingFillsUpAndWritesTheMask()
    {
        var run = await Tokenize("{\"text\": \"movie\"}\n", "--max-length", "5", "--pad");
        Assert.Equal("""{"ids":[2,10,3,0,0],"types":[0,0,0,0,0],"mask":[1,1,1,0,0],"offsets":[[0,0],[0,5],[0,0],[0,0],[0,0]]}""", run.Lines.Single());
    }

    [Theory]
    [InlineData("head", "5,6,7")]
    [InlineData("tail", "9,10,11")]
    [InlineData("head+tail", "5,10,11")]
    public async Task TruncationKeepsWhatItSays(string policy, string kept)
    {
        var run = await Tokenize("{\"text\": \"this is such an amazing movie!\"}\n", "--max-length", "5", "--truncation", policy);
        Assert.Contains($"\"ids\":[2,{kept},3]", run.Output);
    }

    [Fact]
    public async Task EachWindowHasALine()
    {
        var run = await Tokenize("{\"text\": \"this is such an amazing movie!\"}\n", "--max-length", "6", "--truncation", "windows", "--window-overlap", "1");
        Assert.Equal(
            [
                """{"ids":[2,5,6,7,8,3],"types":[0,0,0,0,0,0],"offsets":[[0,0],[0,4],[5,7],[8,12],[13,15],[0,0]]}""",
                """{"ids":[2,8,9,10,11,3],"types":[0,0,0,0,0,0],"offsets":[[0,0],[13,15],[16,23],[24,29],[29,30],[0,0]]}""",
            ],
            run.Lines);
    }

    [Fact]
    public async Task WithoutAMaximumNothingIsCutAndWithoutSpecialsThereAreNone()
    {
        var run = await Tokenize(string.Concat(Enumerable.Repeat("movie ", 2000)) + "\n\n", "--plain", "--no-special");
        Assert.Equal(2000, JsonNode.Parse(run.Lines[0])!["ids"]!.AsArray().Count);
        Assert.Equal("""{"ids":[],"types":[],"offsets":[]}""", run.Lines[1]);
    }

    [Theory]
    [InlineData("{\"text\": \"a\"}\nno json\n", "line 2")]
    [InlineData("[1]\n", "no JSON object")]
    [InlineData("{\"txt\": \"a\"}\n", "\"text\" is missing")]
    [InlineData("{\"text\": 1}\n", "\"text\" is missing, or no string")]
    [InlineData("{\"text\": \"a\", \"pair\": 2}\n", "\"pair\" is no string")]
    [InlineData("{\"text\": \"\\ud800\"}\n", "surrogate")]
    public async Task AWrongLineIsNamed(string input, string message)
    {
        var run = await Tokenize(input);
        Assert.Equal(2, run.Code);
        Assert.Contains(message, run.Error);
    }

    [Fact]
    public async Task AFolderThatWasTrainedWithAFlavourKeepsIt()
    {
        // A soft hyphen is deleted by both, a zero-width space joins words in TF.text only where it is folded away, U+0001 separates there and joins in Hugging Face.
        var run = await CommandRun.WithInput("{\"text\": \"movie\\u0001movie\"}\n", "tokenize", "--model", TinyModel.Write(temporary["model"]));
        Assert.Contains("\"ids\":[2,10,10,3]", run.Output);
    }

    [Theory]
    [InlineData("hf", "hf-uncased.ids.jsonl.gz", new string[0])]
    [InlineData("tf", "tf-uncased.ids.jsonl.gz", new[] { "--no-special" })]
    public async Task TheIdsAreThoseOfTheOriginals(string flavour, string recorded, string[] options)
    {
        var vocabulary = Shared.Path("fixtures", "tokens", "vocabs", "bert-base-uncased", "vocab.txt");
        var texts = Lines(Shared.Path("fixtures", "tokens", "texts.jsonl.gz")).Take(1000).ToList();
        var expected = Lines(Shared.Path("fixtures", "tokens", recorded)).Take(1000).Select(line => JsonNode.Parse(line)!["ids"]!.ToJsonString());
        var run = await CommandRun.WithInput(string.Join('\n', texts) + "\n", ["tokenize", "--vocab", vocabulary, "--uncased", "--flavour", flavour, .. options]);

        Assert.Equal(expected, run.Lines.Select(line => JsonNode.Parse(line)!["ids"]!.ToJsonString()));
    }

    [Theory]
    [InlineData("raw", "albert-spm.ids.jsonl.gz", new[] { "--no-special" })]
    [InlineData("tf", "albert-tf.ids.jsonl.gz", new[] { "--no-special", "--uncased" })]
    [InlineData("google", "albert-google.ids.jsonl.gz", new[] { "--no-special" })]
    [InlineData("hf", "albert-hf4slow.ids.jsonl.gz", new string[0])]
    public async Task ASentencePieceModelIsAVocabularyToo(string flavour, string recorded, string[] options)
    {
        var model = Shared.Path("fixtures", "tokens", "vocabs", "albert", "spiece.model");
        var texts = Lines(Shared.Path("fixtures", "tokens", "texts.jsonl.gz")).Take(700).ToList();
        var expected = Lines(Shared.Path("fixtures", "tokens", recorded)).Take(700).Select(line => JsonNode.Parse(line)!["ids"]!.ToJsonString());
        var run = await CommandRun.WithInput(string.Join('\n', texts) + "\n", ["tokenize", "--vocab", model, "--flavour", flavour, .. options]);

        Assert.Equal(expected, run.Lines.Select(line => JsonNode.Parse(line)!["ids"]!.ToJsonString()));
    }

    [Fact]
    public async Task AWordPieceVocabularyHasNoRawFlavour()
    {
        var run = await Tokenize("{\"text\": \"a\"}\n", "--flavour", "raw");
        Assert.Equal(2, run.Code);
        Assert.Contains("tf, hf and google", run.Error);
    }

    private static IEnumerable<string> Lines(string path)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private Task<CommandRun> Tokenize(string input, params string[] options)
    {
        var vocabulary = temporary.Write("vocab.txt", string.Join('\n', TinyModel.Words) + "\n");
        return CommandRun.WithInput(input, ["tokenize", "--vocab", vocabulary, "--uncased", .. options]);
    }
}
