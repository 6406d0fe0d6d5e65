using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>The ids are those that Hugging Face, TF-Text and the original BERT give, text by text.</summary>
public class RecordedIdsTests
{
    [Theory]
    [InlineData("hf-uncased", "bert-base-uncased", true, "hf", 3344)]
    [InlineData("hf-cased", "bert-base-cased", false, "hf", 2144)]
    [InlineData("hf-multi-cased", "bert-base-multilingual-cased", false, "hf", 2144)]
    [InlineData("hf-chinese-lower", "bert-base-chinese", true, "hf", 2144)]
    [InlineData("hf-chinese-keepcase", "bert-base-chinese", false, "hf", 2144)]
    [InlineData("tf-uncased", "bert-base-uncased", true, "tf", 3344)]
    [InlineData("tf-cased", "bert-base-cased", false, "tf", 2144)]
    [InlineData("tf-multi-cased", "bert-base-multilingual-cased", false, "tf", 2144)]
    [InlineData("tf-chinese-lower", "bert-base-chinese", true, "tf", 2144)]
    [InlineData("tf-chinese-keepcase", "bert-base-chinese", false, "tf", 2144)]
    [InlineData("google-uncased", "bert-base-uncased", true, "google", 2144)]
    public void EveryTextHasTheRecordedIds(string file, string vocabulary, bool lowerCase, string flavour, int texts)
    {
        var tokenizer = Tokenizer.FromVocabulary(TokenFixtures.VocabularyPath(vocabulary), lowerCase, TokenizerFlavours.Parse(flavour));
        var options = new EncodeOptions { AddSpecialTokens = flavour == "hf" };
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        var count = 0;
        foreach (var line in TokenFixtures.Lines($"{file}.ids.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()];
            tokenizer.Encode(text.Text, options, buffer);
            TokenFixtures.AssertIds(line.GetProperty("ids").Ints(), buffer.Ids, text, file);
            Assert.All(buffer.Types.ToArray(), type => Assert.Equal(0, type));
            count++;
        }

        Assert.Equal(texts, count);
    }

    [Theory]
    [InlineData("hf-uncased.max128", "hf", true, 128)]
    [InlineData("hf-uncased.max512", "hf", true, 512)]
    [InlineData("tf-uncased.pack128", "tf", true, 128)]
    [InlineData("tf-cased.pack128", "tf", false, 128)]
    public void TruncatedTextsHaveTheRecordedIds(string file, string flavour, bool uncased, int maxLength)
    {
        var tokenizer = uncased ? TokenFixtures.Uncased(TokenizerFlavours.Parse(flavour)) : TokenFixtures.Cased(TokenizerFlavours.Parse(flavour));
        var options = new EncodeOptions { MaxLength = maxLength };
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        foreach (var line in TokenFixtures.Lines($"{file}.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()];
            tokenizer.Encode(text.Text, options, buffer);
            TokenFixtures.AssertIds(line.GetProperty("ids").Ints(), buffer.Ids, text, file);
        }
    }

    [Fact]
    public void OffsetsAndWordsAreThoseOfHuggingFace()
    {
        var tokenizer = TokenFixtures.Uncased(TokenizerFlavour.HuggingFace);
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        foreach (var line in TokenFixtures.Lines("hf-uncased.detail.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()];
            var units = UnitsOfScalars(text.Text);
            tokenizer.Encode(text.Text, EncodeOptions.Default, buffer);
            int[] Units(string name) => [.. line.GetProperty(name).Ints().Select(scalar => units[scalar])];
            TokenFixtures.AssertIds(Units("start"), buffer.Starts, text, "starts");
            TokenFixtures.AssertIds(Units("end"), buffer.Ends, text, "ends");
            TokenFixtures.AssertIds(line.GetProperty("word").Ints(), buffer.Words, text, "words");
            if (line.TryGetProperty("tokens", out var tokens))
            {
                Assert.Equal(tokens.EnumerateArray().Select(t => t.GetString()), buffer.Ids.ToArray().Select(tokenizer.Token));
            }
        }
    }

    [Fact]
    public void WordsAndPiecesAreThoseOfTfText()
    {
        var tokenizer = TokenFixtures.Uncased(TokenizerFlavour.TensorFlow);
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        foreach (var line in TokenFixtures.Lines("tf-uncased.detail.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()];
            tokenizer.Encode(text.Text, new EncodeOptions { AddSpecialTokens = false }, buffer);
            var words = Enumerable.Range(0, buffer.Count).GroupBy(i => buffer.Words[i], i => tokenizer.Token(buffer.Ids[i]));
            Assert.Equal(line.GetProperty("pieces").EnumerateArray().Select(w => w.EnumerateArray().Select(p => p.GetString())), words);
        }
    }

    [Fact]
    public void PairsArePackedAndRefusedAsInHuggingFace()
    {
        var tokenizer = TokenFixtures.Uncased(TokenizerFlavour.HuggingFace);
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        var errors = 0;
        foreach (var line in TokenFixtures.Lines("hf-uncased.pairs.jsonl.gz"))
        {
            var (a, b) = (all[line.GetProperty("a").GetInt32()], all[line.GetProperty("b").GetInt32()]);
            foreach (var strategy in Enum.GetValues<PairTruncation>())
            {
                foreach (var maxLength in new[] { 32, 128 })
                {
                    var key = $"{strategy.Format()}.{maxLength}";
                    var options = new EncodeOptions { MaxLength = maxLength, PairTruncation = strategy };
                    if (line.TryGetProperty($"{key}.error", out var message))
                    {
                        var error = Assert.Throws<TokenizerException>(() => tokenizer.Encode(a.Text, b.Text, options, buffer));
                        Assert.Contains(message.GetString()!["Truncation error: ".Length..], error.Message, StringComparison.Ordinal);
                        errors++;
                        continue;
                    }

                    tokenizer.Encode(a.Text, b.Text, options, buffer);
                    TokenFixtures.AssertIds(line.GetProperty(key).Ints(), buffer.Ids, a, $"{key} with text {b.Index}");
                    Assert.Equal(line.GetProperty($"{key}.n0").GetInt32(), buffer.FirstCount);
                    Assert.Equal(buffer.FirstCount, buffer.Types.ToArray().Count(t => t == 0));
                }
            }
        }

        Assert.True(errors > 100);
    }

    [Fact]
    public void PairsArePackedAsInTfText()
    {
        var tokenizer = TokenFixtures.Uncased(TokenizerFlavour.TensorFlow);
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        foreach (var line in TokenFixtures.Lines("tf-uncased.pairs.jsonl.gz"))
        {
            var (a, b) = (all[line.GetProperty("a").GetInt32()], all[line.GetProperty("b").GetInt32()]);
            foreach (var maxLength in new[] { 32, 128 })
            {
                tokenizer.Encode(a.Text, b.Text, new EncodeOptions { MaxLength = maxLength }, buffer);
                TokenFixtures.AssertIds(line.GetProperty($"pack.{maxLength}").Ints(), buffer.Ids, a, $"pack.{maxLength} with text {b.Index}");
                Assert.Equal(line.GetProperty($"pack.{maxLength}.n0").GetInt32(), buffer.FirstCount);
            }
        }
    }

    /// <summary>The UTF-16 place of each scalar, and of the end.</summary>
    private static int[] UnitsOfScalars(string text)
    {
        var places = new List<int>();
        for (var i = 0; i < text.Length; i += i + 1 < text.Length && char.IsSurrogatePair(text, i) ? 2 : 1)
        {
            places.Add(i);
        }

        places.Add(text.Length);
        return [.. places];
    }
}
