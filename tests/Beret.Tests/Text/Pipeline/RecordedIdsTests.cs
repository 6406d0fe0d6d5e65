using System.Text.Json;
using Beret.Text;
using Beret.Text.Pipeline;
using Beret.Text.SentencePiece;

namespace Beret.Tests.Text.Pipeline;

/// <summary>Complete vocabularies against the ids that Hugging Face recorded for all kinds of text (fixtures/tokens).</summary>
public sealed class RecordedIdsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("beret-json-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Byte_level_BPE_of_GPT_2()
    {
        // The fixture has the merges; the vocabulary is the 256 bytes, what is visible of them first, what each merge makes, and one token more.
        var path = Shared.Path("fixtures", "tokens", "vocabs", "gpt2", "merges.txt");
        var merges = File.ReadAllLines(path).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal));
        string[] tokens =
        [
            .. ByteLevel.Alphabet.Where(c => c < 0x100).Select(c => c.ToString()),
            .. ByteLevel.Alphabet.Where(c => c >= 0x100).Select(c => c.ToString()),
            .. merges.Select(line => line.Replace(" ", "", StringComparison.Ordinal)),
            "<|endoftext|>",
        ];
        File.Copy(path, Path.Combine(folder, "merges.txt"));
        using (var stream = File.Create(Path.Combine(folder, "vocab.json")))
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            foreach (var (id, token) in tokens.Index())
            {
                json.WriteNumber(token, id);
            }

            json.WriteEndObject();
        }

        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": false}""");
        AssertRecorded(Tokenizer.Load(folder), "gpt2.ids.jsonl.gz");
    }

    [Theory]
    [InlineData("albert-hf4fast.ids.jsonl.gz", true, """{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}""")]
    [InlineData("albert-hf5.ids.jsonl.gz", false,
        """{"type":"Strip","strip_left":true,"strip_right":true},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "}""")]
    public void Unigram_of_ALBERT_as_transformers_converts_it(string recorded, bool lowersCommas, string spaces)
    {
        var source = SentencePieceModel.Read(Shared.Path("fixtures", "tokens", "vocabs", "albert", "spiece.model"));
        var settings = new TokenizerSettings { Unknown = "<unk>" };
        foreach (var (id, piece) in source.Pieces.Index())
        {
            if (piece.Type is not PieceType.Normal)
            {
                settings.Added.Add(piece.Text, new AddedToken(piece.Text, id, StripLeft: piece.Text == "[MASK]", Special: piece.Type != PieceType.UserDefined));
            }
        }

        // The converter of transformers 4 makes pieces of a digit and a comma unlikely (check_number_comma).
        double[] scores = [.. source.Pieces.Select(p => p.Score - (lowersCommas && p.Text is [.., var digit, ','] && char.IsAsciiDigit(digit) ? 100.0 : 0))];
        var vocabulary = new Vocabulary([.. source.Pieces.Select(p => p.Text)]);
        var unknown = source.UnknownId;
        var before = NormalizerJson.Read(Parse($$"""
            {"type":"Sequence","normalizers":[{"type":"Replace","pattern":{"String":"``"},"content":"\""},{"type":"Replace","pattern":{"String":"''"},"content":"\""},
            {"type":"NFKD"},{"type":"StripAccents"},{"type":"Lowercase"}]}
            """), "test")!;
        var after = NormalizerJson.Read(Parse($$"""{"type":"Sequence","normalizers":[{{spaces}}]}"""), "test")!;
        var tokenizer = PipelineTokenizer.Create(
            settings,
            new ModelDescription("Unigram", vocabulary, "<unk>", () => new UnigramModel(vocabulary, scores, unknown, byteFallback: false, "test")),
            new NormalizerSequence([before, new PrecompiledNormalizer(source.CharsMap!), after]),
            PreTokenizerJson.Read(Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}"""), "test"),
            new PostProcessing(PackingTemplate.Bert(2, 3)),
            new CopiedFiles(),
            "test");
        AssertRecorded(tokenizer, recorded);
    }

    private static JsonElement Parse(string json) => JsonElement.Parse(json);

    private static void AssertRecorded(Tokenizer tokenizer, string recorded)
    {
        var texts = TokenFixtures.AllTexts();
        var buffer = new TokenBuffer();
        foreach (var line in TokenFixtures.Lines(recorded))
        {
            var text = texts[line.GetProperty("i").GetInt32()];
            tokenizer.Encode(text.Text, EncodeOptions.Default, buffer);
            TokenFixtures.AssertIds(line.GetProperty("ids").Ints(), buffer.Ids, text, recorded);
        }
    }
}
