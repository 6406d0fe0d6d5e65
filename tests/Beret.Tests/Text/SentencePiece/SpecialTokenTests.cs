using Beret.Text;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>Special tokens written in a text: Hugging Face takes them for themselves, the others for text.</summary>
public class SpecialTokenTests
{
    [Theory]
    [InlineData("[CLS]", "[CLS]")]
    [InlineData("a[SEP]b", "▁a [SEP] ▁b")]
    [InlineData("x [MASK].", "▁x [MASK] ▁ .")]
    [InlineData("<pad>a<unk>", "<pad> ▁a <unk>")]
    [InlineData("<PAD>a<Unk>", "<pad> ▁a <unk>")]
    [InlineData("[cls]", "▁[ cl s ]")]
    public void HuggingFaceCutsThemOut(string text, string expected)
    {
        var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavour.HuggingFace);
        var ids = tokenizer.Encode(text, options: new EncodeOptions { AddSpecialTokens = false }).Ids;
        Assert.Equal(expected, string.Join(' ', ids.Select(tokenizer.Token)));
    }

    [Fact]
    public void HuggingFaceCasedKeepsWhatIsNotWrittenTheSame()
    {
        var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavour.HuggingFace, lowerCase: false);
        Assert.True(tokenizer.TryGetId("<pad>", out var pad));
        Assert.DoesNotContain(pad, tokenizer.Encode("<PAD>").Ids);
        Assert.Contains(pad, tokenizer.Encode("<pad>").Ids);
    }

    [Theory]
    [InlineData("tf")]
    [InlineData("google")]
    [InlineData("raw")]
    public void TheOthersSplitThem(string flavour)
    {
        var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavours.Parse(flavour));
        var ids = tokenizer.Encode("[SEP]", options: new EncodeOptions { AddSpecialTokens = false }).Ids;
        Assert.DoesNotContain(tokenizer.SeparatorId!.Value, ids);
        Assert.True(ids.Length > 1);
    }

    [Fact]
    public void OffsetsAndWordsAreThoseOfTheText()
    {
        const string Text = "  The Amazing\u00A0café[SEP]wows 1,999, yes";
        var tokenizer = AlbertFixtures.Tokenizer(TokenizerFlavour.HuggingFace);
        var result = tokenizer.Encode(Text);
        string[] pieces = ["[CLS]", "▁the", "▁amazing", "▁cafe", "[SEP]", "▁wow", "s", "▁1", ",", "999", ",", "▁yes", "[SEP]"];
        Assert.Equal(pieces, result.Ids.Select(tokenizer.Token));
        string[] slices = ["", "The", "Amazing", "café", "[SEP]", "wow", "s", "1", ",", "999", ",", "yes", ""];
        Assert.Equal(slices, result.Offsets.Select(o => Text[o.Start..o.End]));
        Assert.Equal([-1, 0, 1, 2, 3, 4, 4, 5, 5, 5, 5, 6, -1], result.Words);
    }
}
