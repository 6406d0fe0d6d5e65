using System.Text.Json.Nodes;
using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>ALBERT's tokenizer in a model folder.</summary>
public sealed class SentencePieceFolderTests : IDisposable
{
    private const string Sample = "  The ''Café'' cost 1,999, [SEP] (Ünïcödé ß) movie... ΑΣ <UNK>";

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("hf", "{}")]
    [InlineData("hf", """{"do_lower_case": false, "keep_accents": true, "remove_space": false, "model_max_length": 512}""")]
    [InlineData("hf", """{"tokenizer_class": "AlbertTokenizer", "added_tokens_decoder": {"30000": {"content": "<x>", "special": true}}}""")]
    [InlineData("tf", """{"tokenizer_class": "AlbertTokenizerFast", "do_lower_case": false}""")]
    [InlineData("google", "{}")]
    [InlineData("raw", "{}")]
    public void WhatIsSavedIsReadBackEqual(string flavour, string config)
    {
        var tokenizer = Load(flavour, config);
        var saved = temporary["saved"];
        tokenizer.Save(saved);
        Assert.Equal(AlbertFixtures.Model(), File.ReadAllBytes(Path.Combine(saved, "spiece.model")));
        var written = JsonNode.Parse(File.ReadAllText(Path.Combine(saved, "tokenizer_config.json")))!;
        Assert.Equal("AlbertTokenizer", written["tokenizer_class"]!.GetValue<string>());

        var again = Tokenizer.Load(saved, TokenizerFlavours.Parse(flavour));
        Assert.Empty(again.Notes);
        Assert.Equal((tokenizer.Kind, tokenizer.LowerCase, tokenizer.ModelMaxLength, tokenizer.VocabularySize, tokenizer.PaddingId, tokenizer.MaskId),
            (again.Kind, again.LowerCase, again.ModelMaxLength, again.VocabularySize, again.PaddingId, again.MaskId));
        Assert.Equivalent(tokenizer.Encode(Sample + "<x>", Sample), again.Encode(Sample + "<x>", Sample), strict: true);
    }

    [Fact]
    public void SpecialTokensComeFromTheModelByName()
    {
        var tokenizer = Load("hf", "{}");
        int?[] ids = [tokenizer.PaddingId, tokenizer.UnknownId, tokenizer.ClassificationId, tokenizer.SeparatorId, tokenizer.MaskId];
        Assert.Equal([0, 1, 2, 3, 4], ids);
        Assert.Equal("Unigram", tokenizer.Kind);
        Assert.Equal(30_000, tokenizer.VocabularySize);
    }

    [Fact]
    public void ConfigDecidesAboutCaseAndAccents()
    {
        string[] Pieces(string config)
        {
            var tokenizer = Load("hf", config);
            return [.. tokenizer.Encode("Café", options: new EncodeOptions { AddSpecialTokens = false }).Ids.Select(id => tokenizer.Token(id)!)];
        }

        Assert.Equal(["▁cafe"], Pieces("{}"));
        Assert.Equal(["▁", "<unk>", "af", "e"], Pieces("""{"do_lower_case": false}"""));
        Assert.Equal(["▁ca", "f", "<unk>"], Pieces("""{"keep_accents": true}"""));
    }

    [Fact]
    public void ATokenizerJsonBesideTheModelDecidesForHuggingFace()
    {
        using var other = new SmallVocabulary();
        other.WriteTokenizerJson();
        File.WriteAllBytes(Path.Combine(other.Folder, "spiece.model"), AlbertFixtures.Model());
        Assert.Equal("WordPiece", Tokenizer.Load(other.Folder, TokenizerFlavour.HuggingFace).Kind);
        Assert.Equal("Unigram", Tokenizer.Load(other.Folder, TokenizerFlavour.TensorFlow).Kind);
    }

    [Theory]
    [InlineData("30k-clean.model")]
    [InlineData("assets/30k-clean.model")]
    public void TheModelMayLieWhereTheReleasesHaveIt(string name)
    {
        Directory.CreateDirectory(temporary["assets"]);
        File.WriteAllBytes(temporary[name], AlbertFixtures.Model());
        var expected = AlbertFixtures.Tokenizer(TokenizerFlavour.TensorFlow).Encode(Sample).Ids;
        Assert.Equal(expected, Tokenizer.Load(temporary.Path, TokenizerFlavour.TensorFlow).Encode(Sample).Ids);
    }

    [Theory]
    [InlineData("sentencepiece.bpe.model")]
    [InlineData("spm.model")]
    public void AModelThatNumbersItsPiecesOtherwiseNeedsATokenizerJson(string name)
    {
        File.WriteAllBytes(temporary[name], AlbertFixtures.Model());
        var error = Assert.Throws<TokenizerException>(() => Tokenizer.Load(temporary.Path));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"tokenizer_class": "XLNetTokenizer"}""", "XLNetTokenizer")]
    [InlineData("""{"cls_token": "<s>"}""", "<s>")]
    [InlineData("""{"added_tokens_decoder": {"30000": {"content": "<x>", "single_word": true}}}""", "single_word")]
    public void WhatIsNotAlbertsIsRefusedByName(string config, string named) =>
        Assert.Contains(named, Assert.Throws<TokenizerException>(() => Load("hf", config)).Message, StringComparison.Ordinal);

    [Fact]
    public void EncodingIntoAUsedBufferAllocatesNothing()
    {
        foreach (var flavour in new[] { "hf", "tf", "google", "raw" })
        {
            var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavours.Parse(flavour));
            var buffer = new TokenBuffer();
            var options = new EncodeOptions { MaxLength = 64 };
            var text = string.Concat(Enumerable.Repeat("The movies of 1999, Café 中 \uFF76\uFF9E [SEP] incomprehensibilities\u00AD (ΑΣ), ", 50));
            tokenizer.Encode(text, text, options, buffer);

            // Compiling a method again, which the runtime does when it pleases, may allocate: the least of several rounds counts.
            Assert.Equal(0, Enumerable.Range(0, 20).Min(_ =>
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                tokenizer.Encode(text, text, options, buffer);
                return GC.GetAllocatedBytesForCurrentThread() - before;
            }));
        }
    }

    private Tokenizer Load(string flavour, string config)
    {
        var folder = temporary["model"];
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "spiece.model"), AlbertFixtures.Model());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), config);
        return Tokenizer.Load(folder, TokenizerFlavours.Parse(flavour));
    }
}
