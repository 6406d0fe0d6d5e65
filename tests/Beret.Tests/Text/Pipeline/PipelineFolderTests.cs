using Beret.Text;

namespace Beret.Tests.Text.Pipeline;

/// <summary>What is taken from the other files of a folder, what is refused by name, and that damaged or hostile files end in an error.</summary>
public sealed class PipelineFolderTests : IDisposable
{
    private const string Unigram =
        """{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0],["<s>",0],["</s>",0],["▁",-2],["a",-3],["▁a",-4],["b",-5],["<mask>",0]]}""";

    private const string Bpe = """
        {"type":"BPE","vocab":{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"a":4,"b":5,"ab":6,"Ġ":7,"<mask>":8},"merges":["a b"]}
        """;

    private const string Metaspace = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}""";
    private const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}""";
    private const string Roberta = """{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",0],"trim_offsets":true,"add_prefix_space":false}""";

    private readonly string folder = Directory.CreateTempSubdirectory("beret-json-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Tokenizer_config_names_the_roles_and_the_space_before_a_text()
    {
        WriteJson(Bpe, pre: ByteLevel, post: Roberta);
        Assert.Equal([0, 6, 2], Ids("ab"));
        Write("tokenizer_config.json", """
            {"tokenizer_class": "RobertaTokenizer", "add_prefix_space": true, "bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>",
            "mask_token": {"content": "<mask>", "lstrip": true}, "pad_token": "<pad>", "model_max_length": 512}
            """);
        Assert.Equal([0, 7, 6, 2], Ids("ab"));
        var tokenizer = Tokenizer.Load(folder);
        Assert.Equal((1, 0, 2, 8, 512), (tokenizer.PaddingId, tokenizer.ClassificationId, tokenizer.SeparatorId, tokenizer.MaskId, tokenizer.ModelMaxLength));
        Assert.Empty(tokenizer.Notes);
        Assert.Equal([0, 6, 8, 2], Ids("ab<mask>").Where(id => id != 7));
    }

    [Fact]
    public void Pairs_are_packed_and_truncated_by_the_template()
    {
        WriteJson(Bpe, pre: ByteLevel, post: Roberta);
        var tokenizer = Tokenizer.Load(folder);
        Assert.Equal([0, 4, 2, 2, 5, 2], tokenizer.Encode("a", "b").Ids);
        Assert.Equal([0, 0, 0, 0, 0, 0], tokenizer.Encode("a", "b").Types);
        Assert.Equal([0, 6, 6, 2, 2, 5, 2], tokenizer.Encode("abababab", "b", new EncodeOptions { MaxLength = 7 }).Ids);
        Assert.Equal([0, 6, 2], tokenizer.Encode("abababab", options: new EncodeOptions { MaxLength = 3 }).Ids);
        Assert.Equal([4, 5], tokenizer.Encode("a", "b", new EncodeOptions { AddSpecialTokens = false }).Ids);
    }

    [Theory]
    [InlineData("RobertaTokenizer", new[] { 0, 6, 2, 2, 5, 8, 2 })]
    [InlineData("GPT2Tokenizer", new[] { 6, 5, 8 })]
    [InlineData(null, new[] { 0, 6, 2, 2, 5, 8, 2 })]
    public void Vocab_json_and_merges_txt_are_read_as_transformers_does(string? tokenizerClass, int[] expected)
    {
        Write("vocab.json", """{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"a":4,"b":5,"ab":6,"Ġ":7,"<mask>":8,"<|endoftext|>":9}""");
        Write("merges.txt", "#version: 0.2\na b\n");
        if (tokenizerClass is not null)
        {
            Write("tokenizer_config.json", $$"""{"tokenizer_class": "{{tokenizerClass}}", "mask_token": "<mask>"}""");
        }

        var tokenizer = Tokenizer.Load(folder);
        Assert.Equal(expected, tokenizer.Encode("ab", "b<mask>").Ids);
        var saved = Path.Combine(folder, "saved");
        tokenizer.Save(saved);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "merges.txt")), File.ReadAllBytes(Path.Combine(saved, "merges.txt")));
        Assert.Equal(expected, Tokenizer.Load(saved).Encode("ab", "b<mask>").Ids);
    }

    [Theory]
    [InlineData("merges.txt", "a b c\n", "a b c")]
    [InlineData("merges.txt", "a c\n", "\"c\"")]
    [InlineData("tokenizer_config.json", """{"tokenizer_class": "CTRLTokenizer"}""", "CTRLTokenizer")]
    [InlineData("vocab.json", "{}", "0 tokens")]
    public void Unusable_vocab_json_or_merges_txt_are_refused(string file, string content, string named)
    {
        Write("vocab.json", """{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"a":4,"b":5,"ab":6}""");
        Write("merges.txt", "a b\n");
        Write(file, content);
        Refused(named);
    }

    [Theory]
    [InlineData("\"Unigram\"", "\"WordLevel\"", "WordLevel")]
    [InlineData("\"unk_id\":0", "\"unk_id\":8", "unk_id 8")]
    [InlineData("\"unk_id\":0", "\"unk_id\":0,\"alpha\":0.1", "alpha")]
    [InlineData("[\"a\",-3]", "[\"a\",-3,1]", "entry 4")]
    [InlineData("[\"a\",-3]", "[\"a\",1e400]", "1e400")]
    [InlineData("[\"a\",-3]", "[\"\\udc00\",-3]", "Unicode")]
    [InlineData("\"Metaspace\"", "\"UnicodeScripts\"", "UnicodeScripts")]
    [InlineData("\"always\"", "\"sometimes\"", "sometimes")]
    [InlineData("\"split\":true", "\"split\":true,\"extra\":1", "extra")]
    [InlineData("\"replacement\":\"▁\"", "\"replacement\":\"__\"", "__")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"ByteLevel\"}", "ByteLevel")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"content\":\"\"}", "(a+)+$")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}", "precompiled")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"?\"}", "base64")]
    [InlineData("\"post_processor\":null", "\"post_processor\":{\"type\":\"BertProcessing\",\"sep\":[\"</s>\",2],\"cls\":[\"<s>\",99]}", "99")]
    [InlineData("\"post_processor\":null",
        "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"B\",\"type_id\":0}}],\"pair\":[],\"special_tokens\":{}}", "single")]
    [InlineData("\"post_processor\":null",
        "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":2}}],\"pair\":[],\"special_tokens\":{}}", "types")]
    [InlineData("\"added_tokens\":[]", "\"added_tokens\":[{\"id\":1000000000,\"content\":\"x\"}]", "1000000000")]
    public void What_is_not_supported_is_named(string original, string changed, string named)
    {
        WriteJson(Unigram, pre: Metaspace, change: json => json.Replace(original, changed, StringComparison.Ordinal));
        Refused(named);
    }

    [Theory]
    [InlineData("\"type\":\"BPE\"", "\"type\":\"BPE\",\"dropout\":0.1", "dropout")]
    [InlineData("[\"a b\"]", "[\"a c\"]", "\"c\"")]
    [InlineData("[\"a b\"]", "[[\"a\",\"b\",\"c\"]]", "merge")]
    [InlineData("\"ab\":6", "\"ab\":2000000000", "2000000000")]
    [InlineData("\"type\":\"BPE\"", "\"type\":\"BPE\",\"unk_token\":\"?\"", "unk_token")]
    public void What_a_BPE_model_lacks_is_named(string original, string changed, string named)
    {
        WriteJson(Bpe, pre: ByteLevel, change: json => json.Replace(original, changed, StringComparison.Ordinal));
        Refused(named);
    }

    [Fact]
    public void Deep_JSON_is_an_error()
    {
        Write("tokenizer.json", string.Concat(Enumerable.Repeat("{\"normalizer\":", 100_000)));
        Refused("JSON");
    }

    [Fact]
    public void Another_flavour_or_case_than_the_steps_have_is_refused()
    {
        WriteJson(Unigram, pre: Metaspace);
        Assert.Contains("tf", Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder, TokenizerFlavour.TensorFlow)).Message, StringComparison.Ordinal);
        Assert.Contains("case", Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder, lowerCase: true)).Message, StringComparison.Ordinal);
        Assert.False(Tokenizer.Load(folder, lowerCase: false).LowerCase);
    }

    [Fact]
    public void A_character_that_no_piece_spells_is_an_error_where_there_is_no_unknown_piece()
    {
        WriteJson(Unigram.Replace("\"unk_id\":0", "\"unk_id\":null", StringComparison.Ordinal), pre: Metaspace);
        var tokenizer = Tokenizer.Load(folder);
        Assert.Equal([5], tokenizer.Encode("a").Ids);
        Assert.Contains("unk_id", Assert.Throws<TokenizerException>(() => tokenizer.Encode("c")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_that_make_texts_grow_without_end_are_stopped()
    {
        var doubling = string.Join(',', Enumerable.Repeat("""{"type":"Replace","pattern":{"String":"a"},"content":"aa"}""", 60));
        WriteJson(Unigram, pre: Metaspace, change: json => json.Replace(
            "\"normalizer\":null", $"\"normalizer\":{{\"type\":\"Sequence\",\"normalizers\":[{doubling}]}}", StringComparison.Ordinal));
        Assert.Contains("longer", Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder).Encode("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_word_is_merged_without_looking_at_it_again_and_again()
    {
        WriteJson(Bpe, pre: ByteLevel, post: Roberta);
        var ids = Ids(string.Concat(Enumerable.Repeat("ab", 200_000)));
        Assert.Equal(200_002, ids.Length);
        Assert.All(ids[1..^1], id => Assert.Equal(6, id));
    }

    private void WriteJson(string model, string pre = "null", string post = "null", Func<string, string>? change = null)
    {
        var json = $$"""
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":{{pre}},"post_processor":{{post}},"decoder":null,"model":{{model}}}
            """;
        Write("tokenizer.json", change?.Invoke(json) ?? json);
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(folder, name), content);

    private int[] Ids(string text) => Tokenizer.Load(folder).Encode(text).Ids;

    private void Refused(string named) =>
        Assert.Contains(named, Assert.Throws<TokenizerException>(() => Tokenizer.Load(folder)).Message, StringComparison.Ordinal);
}
