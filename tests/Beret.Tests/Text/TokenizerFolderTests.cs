using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>What is read from a model folder, what is refused by name, and that what is written is read back equal.</summary>
public sealed class TokenizerFolderTests : IDisposable
{
    private const string Sample = "The UNBELIEVABLE Café movie 中国 [SEP] was great!";
    private readonly SmallVocabulary model = new();

    public void Dispose() => model.Dispose();

    [Fact]
    public void VocabularyAloneIsLowerCased()
    {
        var tokenizer = Tokenizer.Load(model.Folder);
        Assert.Equal(SmallVocabulary.Ids("[CLS] the un ##believ ##able cafe movie 中 [UNK] [SEP] was great ! [SEP]"), tokenizer.Encode(Sample).Ids);
        Assert.Contains(tokenizer.Notes, n => n.Contains("lower-cased", StringComparison.Ordinal));
        Assert.Equal(TokenizerFlavour.HuggingFace, tokenizer.Flavour);
    }

    [Theory]
    [InlineData("""{"do_lower_case": false}""", "Movie Café movie café", "Movie [UNK] movie café")]
    [InlineData("""{"do_lower_case": true, "strip_accents": false}""", "Café", "café")]
    [InlineData("""{"do_lower_case": false, "strip_accents": true}""", "café Movie", "cafe Movie")]
    [InlineData("""{"tokenize_chinese_chars": false}""", "中movie 中", "[UNK] 中")]
    [InlineData("""{"unk_token": {"content": "a"}, "cls_token": "b", "tokenizer_class": "DistilBertTokenizer"}""", "x the", "a the")]
    [InlineData("""{"additional_special_tokens": ["great"], "model_max_length": 1e30}""", "thegreatmovie", "the great movie")]
    [InlineData("""{"added_tokens_decoder": {"27": {"content": "<x>", "normalized": false, "lstrip": true}}}""", "the <x>movie", "the 27 movie")]
    public void SettingsOfTokenizerConfigAreHonoured(string config, string text, string expected)
    {
        model.Write("tokenizer_config.json", config);
        var tokenizer = Tokenizer.Load(model.Folder);
        int[] ids = [.. expected.Split(' ').Select(t => int.TryParse(t, out var id) ? id : SmallVocabulary.Id(t))];
        Assert.Equal(ids, tokenizer.Encode(text, options: new EncodeOptions { AddSpecialTokens = false }).Ids);
    }

    [Theory]
    [InlineData("""{"do_basic_tokenize": false}""", "do_basic_tokenize")]
    [InlineData("""{"never_split": ["abc"]}""", "never_split")]
    [InlineData("""{"tokenizer_class": "RobertaTokenizer"}""", "RobertaTokenizer")]
    [InlineData("""{"bos_token": "<s>"}""", "bos_token")]
    [InlineData("""{"do_lower_case": "yes"}""", "do_lower_case")]
    [InlineData("""{"cls_token": "<s>"}""", "<s>")]
    [InlineData("""{"additional_special_tokens": ["[X]"]}""", "[X]")]
    [InlineData("""{"added_tokens_decoder": {"27": {"content": "<x>", "normalized": true}}}""", "normalized")]
    [InlineData("""{"added_tokens_decoder": {"27": {"content": "<x>", "single_word": true}}}""", "single_word")]
    [InlineData("""{"added_tokens_decoder": {"5": {"content": "<x>"}}}""", "<x>")]
    [InlineData("""{"added_tokens_decoder": {"1000000000": {"content": "<x>"}}}""", "1000000000")]
    [InlineData("""{"added_tokens_decoder": {"x": {"content": "<x>"}}}""", "added_tokens_decoder")]
    [InlineData("""{"unk_token": "\ud800"}""", "Unicode")]
    [InlineData("[]", "object")]
    [InlineData("{", "JSON")]
    public void UnsupportedSettingsOfTokenizerConfigAreRefusedByName(string config, string named)
    {
        model.Write("tokenizer_config.json", config);
        Assert.Contains(named, Assert.Throws<TokenizerException>(() => Tokenizer.Load(model.Folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"tokenize_chinese_chars": false}""", "tokenize_chinese_chars")]
    [InlineData("""{"strip_accents": false}""", "strip_accents")]
    public void SettingsThatAFlavourDoesNotHaveAreRefused(string config, string named)
    {
        model.Write("tokenizer_config.json", config);
        foreach (var flavour in new[] { TokenizerFlavour.TensorFlow, TokenizerFlavour.Google })
        {
            Assert.Contains(named, Assert.Throws<TokenizerException>(() => Tokenizer.Load(model.Folder, flavour)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TokenizerJsonAloneSuffices()
    {
        var expected = Tokenizer.Load(model.Folder).Encode(Sample, Sample);
        model.WriteTokenizerJson();
        File.Delete(model.VocabularyPath);
        var tokenizer = Tokenizer.Load(model.Folder);
        Assert.Equivalent(expected, tokenizer.Encode(Sample, Sample), strict: true);
        Assert.Contains(tokenizer.Notes, n => n.Contains("truncation", StringComparison.Ordinal) && n.Contains("128", StringComparison.Ordinal));
    }

    [Fact]
    public void PublishedModelFoldersAreRead()
    {
        var expected = TokenFixtures.Uncased(TokenizerFlavour.HuggingFace);
        foreach (var folder in new[] { Shared.Path("models", "all-MiniLM-L6-v2"), Shared.Path("fixtures", "tokens", "vocabs", "bert-base-uncased") })
        {
            var tokenizer = Tokenizer.Load(folder);
            Assert.Equal(2, tokenizer.Notes.Count);
            Assert.All(["truncation", "padding"], block => Assert.Contains(tokenizer.Notes, n => n.Contains(block, StringComparison.Ordinal)));
            foreach (var text in TokenFixtures.AllTexts()[..800])
            {
                Assert.Equal(expected.Encode(text.Text).Ids, tokenizer.Encode(text.Text).Ids);
            }

            var saved = Path.Combine(model.Folder, "saved");
            tokenizer.Save(saved);
            Assert.Equal(File.ReadAllBytes(TokenFixtures.VocabularyPath("bert-base-uncased")), File.ReadAllBytes(Path.Combine(saved, "vocab.txt")));
        }
    }

    [Fact]
    public void DoLowerCaseOfTokenizerConfigOverridesTokenizerJson()
    {
        model.WriteTokenizerJson();
        model.Write("tokenizer_config.json", """{"do_lower_case": false}""");
        var tokenizer = Tokenizer.Load(model.Folder);
        Assert.Equal(SmallVocabulary.Ids("[CLS] Movie [SEP]"), tokenizer.Encode("Movie").Ids);
        Assert.Contains(tokenizer.Notes, n => n.Contains("do_lower_case", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"BertNormalizer\"", "\"NFKC\"", "NFKC")]
    [InlineData("\"BertNormalizer\"", "\"Capitals\"", "Capitals")]
    [InlineData("\"strip_accents\":null", "\"strip_accents\":null,\"extra\":1", "extra")]
    [InlineData("\"BertPreTokenizer\"", "\"UnicodeScripts\"", "UnicodeScripts")]
    [InlineData("\"BertPreTokenizer\"", "\"Split\",\"pattern\":{\"Regex\":\"a|b\"},\"behavior\":\"Removed\"", "a|b")]
    [InlineData("\"type\":\"WordPiece\",\"unk_token\"", "\"type\":\"BPE\",\"unk_token\"", "BPE")]
    [InlineData("\"BertProcessing\"", "\"ByteLevel\"", "ByteLevel")]
    [InlineData("\"version\"", "\"surprise\":1,\"version\"", "surprise")]
    [InlineData("\"max_input_chars_per_word\":100", "\"max_input_chars_per_word\":0", "max_input_chars_per_word")]
    [InlineData("\"max_input_chars_per_word\":100", "\"dropout\":0.1", "dropout")]
    [InlineData("\"movie\":6", "\"movie\":5", "same id")]
    [InlineData("\"movie\":6", "\"movie\":2000000000", "2000000000")]
    [InlineData("\"movie\":6", "\"movie\":-1", "-1")]
    [InlineData("\"movie\":6", "\"\\udc00\":6", "Unicode")]
    [InlineData("\"cls\":[\"[CLS]\",2]", "\"cls\":[\"[X]\",2]", "[X]")]
    public void UnsupportedSettingsOfTokenizerJsonAreRefusedByName(string original, string changed, string named)
    {
        model.WriteTokenizerJson(json => json.Replace(original, changed, StringComparison.Ordinal));
        Assert.Contains(named, Assert.Throws<TokenizerException>(() => Tokenizer.Load(model.Folder)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("[PAD]\n[UNK]\n[CLS]\n", "[SEP]")]
    public void VocabulariesThatCannotServeAreRefused(string content, string named)
    {
        model.Write("vocab.txt", content);
        Assert.Contains(named, Assert.Throws<TokenizerException>(() => Tokenizer.Load(model.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingOrDamagedFilesAreTokenizerErrors()
    {
        Assert.Throws<TokenizerException>(() => Tokenizer.Load(Path.Combine(model.Folder, "nowhere")));
        File.WriteAllBytes(model.VocabularyPath, [0x61, 0xFF, 0x0A]);
        Assert.Contains("UTF-8", Assert.Throws<TokenizerException>(() => Tokenizer.Load(model.Folder)).Message, StringComparison.Ordinal);
        File.Delete(model.VocabularyPath);
        Assert.Contains("vocab.txt", Assert.Throws<TokenizerException>(() => Tokenizer.Load(model.Folder)).Message, StringComparison.Ordinal);
        model.Write("tokenizer.json", "{}");
        Assert.Contains("model", Assert.Throws<TokenizerException>(() => Tokenizer.Load(model.Folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void VocabularyLinesMayEndWithCarriageReturns()
    {
        model.Write("vocab.txt", string.Concat(SmallVocabulary.Tokens.Select(t => t + "\r\n")));
        Assert.Equal(SmallVocabulary.Ids("[CLS] movie [SEP]"), Tokenizer.Load(model.Folder).Encode("movie").Ids);
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"do_lower_case": false, "strip_accents": true, "model_max_length": 256}""")]
    [InlineData("""{"tokenize_chinese_chars": false, "strip_accents": false}""")]
    [InlineData("""{"added_tokens_decoder": {"27": {"content": "<x>", "rstrip": true}}, "cls_token": "a"}""")]
    public void WhatIsSavedIsReadBackEqual(string config)
    {
        model.Write("tokenizer_config.json", config);
        AssertSavedEqual(Tokenizer.Load(model.Folder), hasTokenizerJson: false);
    }

    [Theory]
    [InlineData("\"max_input_chars_per_word\":100", "\"max_input_chars_per_word\":5")]
    [InlineData("\"clean_text\":true", "\"clean_text\":false")]
    [InlineData("\"movie\":6", "\"movie\":30")]
    public void WhatVocabularyAndConfigCannotSayIsSavedAsTokenizerJson(string original, string changed)
    {
        model.WriteTokenizerJson(json => json.Replace(original, changed, StringComparison.Ordinal));
        AssertSavedEqual(Tokenizer.Load(model.Folder), hasTokenizerJson: true);
    }

    private void AssertSavedEqual(Tokenizer tokenizer, bool hasTokenizerJson)
    {
        var folder = Path.Combine(model.Folder, "saved");
        tokenizer.Save(folder);
        Assert.Equal(hasTokenizerJson, File.Exists(Path.Combine(folder, "tokenizer.json")));
        var again = Tokenizer.Load(folder);
        Assert.Empty(again.Notes);
        Assert.Equal(tokenizer.ModelMaxLength, again.ModelMaxLength);
        Assert.Equal(tokenizer.VocabularySize, again.VocabularySize);
        var ids = Enumerable.Range(0, tokenizer.VocabularySize);
        Assert.Equal(ids.Select(tokenizer.Token), ids.Select(again.Token));
        foreach (var text in new[] { Sample, "the\u0001movie Café <x> greats", "Movie" })
        {
            Assert.Equivalent(tokenizer.Encode(text), again.Encode(text), strict: true);
        }
    }
}
