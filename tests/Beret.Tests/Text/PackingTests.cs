using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>Truncation, special tokens and offsets on a vocabulary where every letter is a token.</summary>
public sealed class PackingTests : IDisposable
{
    private readonly SmallVocabulary model = new();

    public void Dispose() => model.Dispose();

    [Theory]
    [InlineData("head", 6, "a b c d", 4)]
    [InlineData("tail", 6, "e f g h", 4)]
    [InlineData("head+tail", 6, "a f g h", 4)]
    [InlineData("head+tail", 3, "h", 7)]
    [InlineData("head+tail", 4, "a h", 6)]
    [InlineData("head+tail", 8, "a b e f g h", 2)]
    [InlineData("head+tail", 10, "a b c d e f g h", 0)]
    [InlineData("tail", 2, "", 8)]
    [InlineData("head", null, "a b c d e f g h", 0)]
    public void TruncationKeepsTheTokensOfItsPolicy(string policy, int? maxLength, string kept, int cut)
    {
        foreach (var flavour in new[] { TokenizerFlavour.TensorFlow, TokenizerFlavour.HuggingFace, TokenizerFlavour.Google })
        {
            var options = new EncodeOptions { MaxLength = maxLength, Truncation = Truncations.Parse(policy) };
            var result = Load(flavour).Encode("a b c d e f g h", options: options);
            Assert.Equal(SmallVocabulary.Ids($"[CLS] {kept} [SEP]"), result.Ids);
            Assert.Equal(cut, result.Cut);
        }
    }

    [Theory]
    [InlineData("hf", "head", "[CLS] a b [SEP] e f g [SEP]")]
    [InlineData("tf", "head", "[CLS] a b c [SEP] e f [SEP]")]
    [InlineData("google", "head", "[CLS] a b c [SEP] e f [SEP]")]
    [InlineData("hf", "tail", "[CLS] c d [SEP] f g h [SEP]")]
    [InlineData("tf", "tail", "[CLS] b c d [SEP] g h [SEP]")]
    [InlineData("tf", "head+tail", "[CLS] a c d [SEP] e h [SEP]")]
    public void PairsShareTheRoomByTheFlavourAndKeepByThePolicy(string flavour, string policy, string expected)
    {
        var options = new EncodeOptions { MaxLength = 8, Truncation = Truncations.Parse(policy) };
        var result = Load(TokenizerFlavours.Parse(flavour)).Encode("a b c d", "e f g h", options);
        Assert.Equal(SmallVocabulary.Ids(expected), result.Ids);
        var second = Array.IndexOf(result.Ids, SmallVocabulary.Id("[SEP]")) + 1;
        Assert.Equal(result.Ids.Select((_, i) => i < second ? 0 : 1), result.Types);
        Assert.Equal(3, result.Cut);
    }

    [Theory]
    [InlineData("hf", "", "[CLS] a [SEP]")]
    [InlineData("hf", " ", "[CLS] a [SEP] [SEP]")]
    [InlineData("tf", "", "[CLS] a [SEP] [SEP]")]
    [InlineData("tf", " ", "[CLS] a [SEP] [SEP]")]
    [InlineData("google", "", "[CLS] a [SEP]")]
    [InlineData("google", " ", "[CLS] a [SEP]")]
    public void EmptySecondTextIsWhatTheFlavourMakesOfIt(string flavour, string second, string expected) =>
        Assert.Equal(SmallVocabulary.Ids(expected), Load(TokenizerFlavours.Parse(flavour)).Encode("a", second).Ids);

    [Fact]
    public void LengthBelowTheSpecialTokensCutsNothingInHuggingFaceAndIsRefusedElsewhere()
    {
        var options = new EncodeOptions { MaxLength = 1 };
        Assert.Equal(SmallVocabulary.Ids("[CLS] a b c [SEP]"), Load(TokenizerFlavour.HuggingFace).Encode("a b c", options: options).Ids);
        Assert.Throws<TokenizerException>(() => Load(TokenizerFlavour.TensorFlow).Encode("a b c", options: options));
        Assert.Throws<TokenizerException>(() => Load(TokenizerFlavour.Google).Encode("a b c", options: options));
        options = new EncodeOptions { MaxLength = -1 };
        Assert.Throws<ArgumentOutOfRangeException>(() => Load(TokenizerFlavour.TensorFlow).Encode("a", options: options));
    }

    [Fact]
    public void ExactlyTheSpecialTokensLeavesNoTextWhateverTheStrategy()
    {
        foreach (var strategy in Enum.GetValues<PairTruncation>())
        {
            var options = new EncodeOptions { MaxLength = 3, PairTruncation = strategy };
            Assert.Equal(SmallVocabulary.Ids("[CLS] [SEP] [SEP]"), Load(TokenizerFlavour.HuggingFace).Encode("a b", "c", options).Ids);
        }
    }

    [Fact]
    public void WithoutSpecialTokensTheWholeLengthIsForTheTexts()
    {
        var options = new EncodeOptions { MaxLength = 3, AddSpecialTokens = false };
        var result = Load(TokenizerFlavour.TensorFlow).Encode("a b c", "d e f", options);
        Assert.Equal(SmallVocabulary.Ids("a b d"), result.Ids);
        Assert.Equal([0, 0, 1], result.Types);
    }

    [Fact]
    public void OffsetsAreUtf16UnitsOfTheOriginalText()
    {
        const string Text = "\U0001F600 Cafe\u0301! unbeliev\u00ADable 中";
        var result = Load(TokenizerFlavour.HuggingFace).Encode(Text);
        Assert.Equal(SmallVocabulary.Ids("[CLS] [UNK] cafe ! un ##believ ##able 中 [SEP]"), result.Ids);
        Assert.Equal(["", "\U0001F600", "Cafe", "!", "un", "believ", "able", "中", ""], result.Offsets.Select(o => Text[o.Start..o.End]));
        Assert.Equal([-1, 0, 1, 2, 3, 3, 3, 4, -1], result.Words);
    }

    [Theory]
    [InlineData("hf", "movie \uD800 a\uDC00b", "movie [UNK]")]
    [InlineData("google", "movie \uD800 a\uDC00b", "movie [UNK]")]
    [InlineData("tf", "movie \uD800 great", "movie [UNK] great")]
    public void LoneSurrogatesAreReplacementCharacters(string flavour, string text, string expected) =>
        Assert.Equal(SmallVocabulary.Ids($"[CLS] {expected} [SEP]"), Load(TokenizerFlavours.Parse(flavour)).Encode(text).Ids);

    [Fact]
    public void EncodingIntoAUsedBufferAllocatesNothing()
    {
        var tokenizer = Load(TokenizerFlavour.HuggingFace);
        var buffer = new TokenBuffer();
        var options = new EncodeOptions { MaxLength = 64 };
        var text = string.Concat(Enumerable.Repeat("the unbelievable movies Café \u0301中 [SEP] incomprehensibilities\u00AD, ", 50));
        tokenizer.Encode(text, text, options, buffer);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++)
        {
            tokenizer.Encode(text, text, options, buffer);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void ThreadsShareOneTokenizer()
    {
        var tokenizer = Load(TokenizerFlavour.HuggingFace);
        string Repeated(int i) => string.Concat(Enumerable.Repeat($"the café {(char)('a' + (i % 8))} unbelievable! ", i));
        string[] texts = [.. Enumerable.Range(0, 200).Select(Repeated)];
        int[][] expected = [.. texts.Select(t => tokenizer.Encode(t).Ids)];
        Parallel.For(0, 800, i => Assert.Equal(expected[i % 200], tokenizer.Encode(texts[i % 200]).Ids));
    }

    [Theory]
    [InlineData(TokenizerFlavour.TensorFlow, "tf")]
    [InlineData(TokenizerFlavour.HuggingFace, "hf")]
    [InlineData(TokenizerFlavour.Google, "google")]
    [InlineData(TokenizerFlavour.SentencePiece, "raw")]
    public void FlavoursHaveNames(TokenizerFlavour flavour, string name)
    {
        Assert.Equal(name, flavour.Format());
        Assert.Equal(flavour, TokenizerFlavours.Parse(name));
        var error = Assert.Throws<TokenizerException>(() => TokenizerFlavours.Parse("spm"));
        Assert.Contains("tf, hf, google and raw", error.Message, StringComparison.Ordinal);
    }

    private Tokenizer Load(TokenizerFlavour flavour) => Tokenizer.FromVocabulary(model.VocabularyPath, lowerCase: true, flavour);
}
