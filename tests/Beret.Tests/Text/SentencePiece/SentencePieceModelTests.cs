using Beret.Text;
using Beret.Text.SentencePiece;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>Reading model files, sound and hostile.</summary>
public class SentencePieceModelTests
{
    [Fact]
    public void ThePublishedModelIsRead()
    {
        var model = SentencePieceModel.Parse(AlbertFixtures.Model(), "spiece.model");
        Assert.Equal(30_000, model.Pieces.Length);
        Assert.Equal(1, model.UnknownId);
        Assert.Equal(new Piece("[CLS]", 0, PieceType.Control), model.Pieces[2]);
        Assert.Equal(new Piece("(", 0, PieceType.UserDefined), model.Pieces[5]);
        Assert.Equal(new Piece("▁the", -3.07045841217041f, PieceType.Normal), model.Pieces[14]);
        Assert.True(model is { AddDummyPrefix: true, RemoveExtraSpaces: true, EscapeSpaces: true, CharsMap: not null });
    }

    [Fact]
    public void AModelCutOffAnywhereIsRefusedOrRead()
    {
        var bytes = AlbertFixtures.SmallModel();
        for (var length = 0; length < bytes.Length; length += 997)
        {
            TryToUse(bytes[..length]);
        }
    }

    [Fact]
    public void AMutatedModelIsRefusedOrHarmless()
    {
        var random = new Random(11);
        var original = AlbertFixtures.SmallModel();

        // The first part holds the pieces; the rest is nearly all normalisation rules.
        const int Pieces = 17_000;
        var refused = 0;
        for (var round = 0; round < 250; round++)
        {
            var bytes = original.ToArray();
            for (var change = random.Next(1, 30); change > 0; change--)
            {
                bytes[random.Next(round % 2 == 0 ? Pieces : bytes.Length)] = (byte)random.Next(256);
            }

            refused += TryToUse(bytes) ? 0 : 1;
        }

        Assert.InRange(refused, 50, 249);
    }

    [Theory]
    [InlineData("", "is not a SentencePiece model")]
    [InlineData("<html>not found</html>", "is not a SentencePiece model")]
    [InlineData("0A 07 0A 05 3C 75 6E 6B 3E", "no unknown piece")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 0A 05 0A 01 61 18 02", "both the unknown piece")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 0A 03 0A 01 61 0A 03 0A 01 61", "twice")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 0A 02 0A 00", "piece 1")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 0A 08 0A 01 61 15 00 00 C0 7F", "piece 1")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 0A 05 0A 01 61 18 09", "piece 1")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 12 02 18 02", "BPE")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 12 03 98 02 01", "byte_fallback")]
    [InlineData("0A 09 0A 05 3C 75 6E 6B 3E 18 02 12 03 C0 01 01", "treat_whitespace_as_suffix")]
    public void WhatIsWrongIsNamed(string content, string named)
    {
        var isHex = content.StartsWith("0A", StringComparison.Ordinal);
        var bytes = isHex ? Convert.FromHexString(content.Replace(" ", "", StringComparison.Ordinal)) : System.Text.Encoding.ASCII.GetBytes(content);
        var error = Assert.Throws<TokenizerException>(() => SentencePieceModel.Parse(bytes, "some.model"));
        Assert.StartsWith("some.model", error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ASmallestModelCutsText()
    {
        // <unk>, "▁a", "b", and a word of two characters that are none.
        var bytes = Convert.FromHexString("0A090A053C756E6B3E1802" + "0A0B0A04E2968161" + "15000080BF" + "0A080A0162" + "15000080BF");
        var model = SentencePieceModel.Parse(bytes, "some.model");
        var tokenizer = SentencePieceTokenizer.Create(model, new TokenizerSettings { Flavour = TokenizerFlavour.SentencePiece }, "some.model");
        Assert.Equal([1, 2, 0, 2], tokenizer.Encode("ab 中\U0001F600b").Ids);
        Assert.Null(tokenizer.SeparatorId);
        var error = Assert.Throws<TokenizerException>(() => SentencePieceTokenizer.Create(model, new TokenizerSettings(), "some.model"));
        Assert.Contains("<pad>", error.Message, StringComparison.Ordinal);
    }

    private static bool TryToUse(byte[] bytes)
    {
        try
        {
            var model = SentencePieceModel.Parse(bytes, "some.model");
            foreach (var flavour in new[] { TokenizerFlavour.SentencePiece, TokenizerFlavour.TensorFlow })
            {
                var tokenizer = SentencePieceTokenizer.Create(model, new TokenizerSettings { Flavour = flavour }, "some.model");
                tokenizer.Encode("This is such an AMAZING movie, 1999!  ﬁve ½ 中文 \U0001F600 \uD800 (well) - ok...");
            }

            return true;
        }
        catch (TokenizerException)
        {
            return false;
        }
    }
}
