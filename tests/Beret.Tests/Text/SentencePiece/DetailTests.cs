using Beret.Text;
using Beret.Text.SentencePiece;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>What the recordings say beside ids: the normalised texts and the pieces, which also show where each piece comes from.</summary>
public class DetailTests
{
    [Fact]
    public void TheModelNormalisesAsSentencePiece()
    {
        var normalizer = AlbertFixtures.Normalizer();
        var all = TokenFixtures.AllTexts();
        foreach (var line in TokenFixtures.Lines("albert-spm.detail.jsonl.gz"))
        {
            Assert.Equal(line.GetProperty("normalized").GetString(), normalizer.Apply(all[line.GetProperty("i").GetInt32()].Text));
        }
    }

    [Fact]
    public void PythonFoldsAsPreprocessText()
    {
        // The recording calls preprocess_text by itself, to which the tokenizer gives text that is lower-cased character by character: without that it
        // is the fold of the original ALBERT, but for the quotes.
        _ = Shared.Path("fixtures", "tokens", "albert-hf4slow.detail.jsonl.gz");
        var fold = PythonFold.For(new PythonFoldSettings(LowerCase: true, StripAccents: true, RemoveSpace: true, HuggingFace: false));
        var all = TokenFixtures.AllTexts();
        var count = 0;
        foreach (var line in TokenFixtures.Lines("albert-hf4slow.detail.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()].Text;
            if (!text.Contains("``", StringComparison.Ordinal) && !text.Contains("''", StringComparison.Ordinal))
            {
                Assert.Equal(line.GetProperty("preprocessed").GetString(), fold.Apply(text));
                count++;
            }
        }

        Assert.True(count > 750);
    }

    [Theory]
    [InlineData("albert-spm", "pieces", "raw")]
    [InlineData("albert-hf4slow", "tokens", "hf")]
    public void EachPieceComesFromItsPlaceInTheText(string file, string key, string flavour)
    {
        var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavours.Parse(flavour));
        var normalizer = AlbertFixtures.Normalizer();
        var fold = flavour == "raw" ? null
            : PythonFold.For(new PythonFoldSettings(LowerCase: true, StripAccents: true, RemoveSpace: true, HuggingFace: true));
        var all = TokenFixtures.AllTexts();
        var (compared, tokens) = (0, 0);
        foreach (var line in TokenFixtures.Lines($"{file}.detail.jsonl.gz"))
        {
            var text = all[line.GetProperty("i").GetInt32()].Text;
            string[] pieces = [.. line.GetProperty(key).EnumerateArray().Select(piece => piece.GetString()!)];
            var result = tokenizer.Encode(text, options: new EncodeOptions { AddSpecialTokens = false });
            Assert.Equal(pieces.Length, result.Ids.Length);
            for (var i = 0; i < pieces.Length; i++)
            {
                var (start, end) = result.Offsets[i];
                tokens++;
                if (result.Ids[i] != tokenizer.UnknownId)
                {
                    Assert.Equal(tokenizer.Token(result.Ids[i]), pieces[i]);
                }

                // A character that became several, such as ½, may have given only some of them to the piece.
                var shared = (i > 0 && result.Offsets[i - 1].End > start) || (i + 1 < pieces.Length && result.Offsets[i + 1].Start < end);
                var special = result.Ids[i] < 5 && result.Ids[i] != tokenizer.UnknownId;
                if (!shared && !special)
                {
                    var slice = text[start..end];
                    var expected = pieces[i].Trim('\u2581');
                    Assert.Equal(expected, normalizer.Apply(fold?.Apply(slice) ?? slice).Trim('\u2581'));
                    compared++;
                }
            }
        }

        Assert.True(compared > tokens * 0.9, $"{compared} of {tokens} tokens were compared");
    }
}
