using System.Buffers.Binary;
using Beret.Text;
using Beret.Text.SentencePiece;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>The normalisation rules of ALBERT's model (nmt_nfkc).</summary>
public class PrecompiledCharsMapTests
{
    [Theory]
    [InlineData("\uFF21b", 1, "A")]
    [InlineData("\uFB01x", 1, "fi")]
    [InlineData("e\u0301x", 2, "\u00E9")]
    [InlineData("\u1112\u1161\u11AB", 3, "\uD55C")]
    [InlineData("\u3000", 1, " ")]
    [InlineData("\t", 1, " ")]
    [InlineData("\uD835\uDC00", 2, "A")]
    [InlineData("\u200D", 1, " ")]
    [InlineData("\u0007x", 1, "")]
    [InlineData("\uFFFD", 1, " ")]
    public void TheLongestRuleIsTaken(string text, int units, string replacement)
    {
        Assert.Equal(units, Albert().Longest(text, out var found));
        Assert.Equal(replacement, found.ToString());
    }

    [Fact]
    public void HalfASurrogatePairIsAReplacementCharacter()
    {
        Assert.Equal(1, Albert().Longest("\uD800x", out var found));
        Assert.Equal(" ", found.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ex")]
    [InlineData("\0")]
    [InlineData("中")]
    public void WhatHasNoRuleStays(string text) => Assert.Equal(0, Albert().Longest(text, out _));

    [Fact]
    public void TheShortestRuleMayBeASingleCharacterOfALongerOne()
    {
        // U+FF76 U+FF9E: the half-width letter alone, and with its voicing mark.
        Assert.Equal(2, Albert().Longest("\uFF76\uFF9E", out var longest));
        Assert.Equal("\u30AC", longest.ToString());
        Assert.True(Albert().TryShortest("\uFF76\uFF9E", out var shortest));
        Assert.Equal("\u30AB", shortest.ToString());
    }

    [Theory]
    [InlineData(0, "length")]
    [InlineData(3, "length")]
    [InlineData(4, "length")]
    [InlineData(1000, "length")]
    [InlineData(180_000, "outside")]
    public void CutOffRulesAreRefused(int length, string named)
    {
        var bytes = Rules();
        var error = Assert.Throws<TokenizerException>(() => PrecompiledCharsMap.Parse(bytes.AsSpan(0, length), "some.model"));
        Assert.StartsWith("some.model: the precompiled normalisation rules are damaged", error.Message, StringComparison.Ordinal);
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACycleIsRefused()
    {
        // State 0 goes to itself by every byte that is not 0: unit 1 of block 0 has the label 1 and the offset 1.
        var bytes = new byte[4 + 1024 + 1];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, 1024);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), (1 << 10) | 1);
        var error = Assert.Throws<TokenizerException>(() => PrecompiledCharsMap.Parse(bytes, "some.model"));
        Assert.Contains("longer than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedRulesAreRefusedOrHarmless()
    {
        var random = new Random(7);
        var original = Rules();
        for (var round = 0; round < 60; round++)
        {
            var bytes = original.ToArray();
            for (var change = random.Next(1, 200); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                var map = PrecompiledCharsMap.Parse(bytes, "some.model");
                for (var i = 0; i < 1000; i++)
                {
                    map.Longest([(char)random.Next(0x3100), (char)random.Next(0x3100), (char)random.Next(128)], out _);
                }
            }
            catch (TokenizerException)
            {
                // Refused: as good as read.
            }
        }
    }

    private static PrecompiledCharsMap Albert() => SentencePieceModel.Parse(AlbertFixtures.Model(), "spiece.model").CharsMap!;

    /// <summary>The rules as they stand in the model: at its end, but for 8 bytes of other settings.</summary>
    private static byte[] Rules()
    {
        const int Length = 237_539;
        var model = AlbertFixtures.Model();
        var start = model.AsSpan().LastIndexOf(new byte[] { 0x00, 0xB4, 0x02, 0x00, 0x00, 0x84 });
        return model[start..(start + Length)];
    }
}
