using System.Text.Json;
using Beret.Text;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>The ids are those of SentencePiece, TF-Text, the original ALBERT and Hugging Face's AlbertTokenizer, text by text.</summary>
public class RecordedIdsTests
{
    private static readonly EncodeOptions TextOnly = new() { AddSpecialTokens = false };

    [Theory]
    [InlineData("albert-spm", "raw")]
    [InlineData("albert-tf", "tf")]
    [InlineData("albert-google", "google")]
    [InlineData("albert-hf4slow", "hf")]
    public void EveryTextHasTheRecordedIds(string file, string flavour)
    {
        var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavours.Parse(flavour));
        var options = flavour == "hf" ? EncodeOptions.Default : TextOnly;
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        var count = 0;
        foreach (var line in TokenFixtures.Lines($"{file}.ids.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()];
            tokenizer.Encode(text.Text, options, buffer);
            TokenFixtures.AssertIds(line.GetProperty("ids").Ints(), buffer.Ids, text, file);
            AssertOffsets(text, buffer);
            count++;
        }

        Assert.Equal(2144, count);
    }

    [Fact]
    public void PackedTextsHaveTheRecordedIds()
    {
        var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavour.TensorFlow);
        var buffer = new TokenBuffer();
        var all = TokenFixtures.AllTexts();
        var count = 0;
        foreach (var line in TokenFixtures.Lines("albert-tf.pack128.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()];
            tokenizer.Encode(text.Text, new EncodeOptions { MaxLength = 128 }, buffer);
            TokenFixtures.AssertIds(line.GetProperty("ids").Ints(), buffer.Ids, text, "pack128");
            count++;
        }

        Assert.Equal(1109, count);
    }

    [Fact]
    public void TheSavedClassifiersInputsAreItsTexts()
    {
        var tokenizer = Tokenizer.Load(Shared.Path("fixtures", "tf", "classifier-albert", "saved_model"), TokenizerFlavour.TensorFlow);
        using var json = JsonDocument.Parse(File.ReadAllText(Shared.Path("fixtures", "tf", "classifier-albert", "case.json")));
        var tensors = PreprocessingModelTests.ReadTensors(Shared.Path("fixtures", "tf", "classifier-albert", "expected.safetensors"));
        var expected = tensors["input_word_ids"];
        string[] texts = [.. json.RootElement.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!)];
        Assert.Equal(25 * 128, expected.Length);
        for (var i = 0; i < 25; i++)
        {
            var ids = tokenizer.Encode(texts[i], options: new EncodeOptions { MaxLength = 128 }).Ids;
            int[] padded = [.. ids, .. Enumerable.Repeat(tokenizer.PaddingId, 128 - ids.Length)];
            Assert.Equal(expected[(i * 128)..((i + 1) * 128)], padded);
        }
    }

    /// <summary>Every range lies in the text, none is turned round, and none begins or ends before that of the token before it.</summary>
    private static void AssertOffsets(FixtureText text, TokenBuffer buffer)
    {
        var (start, end) = (0, 0);
        for (var i = 0; i < buffer.Count; i++)
        {
            if (buffer.Words[i] < 0)
            {
                continue;
            }

            var (from, to) = (buffer.Starts[i], buffer.Ends[i]);
            var sound = from >= start && to >= end && from <= to && to <= text.Text.Length;
            Assert.True(sound, $"text {text.Index}, token {i}: [{from}, {to}) after [{start}, {end})");
            (start, end) = (from, to);
        }
    }
}
