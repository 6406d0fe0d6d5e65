using Beret.Text.SentencePiece;

namespace Beret.Tests.Text.SentencePiece;

/// <summary>What the programs around SentencePiece do with a text before it.</summary>
public class FoldTests
{
    [Theory]
    [InlineData("Ünïcödé ẞ", "unicode ss")]
    [InlineData("\uFF76\uFF9E", "\u30AC")]
    [InlineData("\u30AC", "\u30AB")]
    [InlineData("\u3300", "\u30A2\u30D1\u30FC\u30C8")]
    [InlineData("\u1112\u1161\u11AB \uD55C", "\uD55C \uD55C")]
    [InlineData("\uD558\u11AB", "\uD55C")]
    [InlineData("ab\u00AD\u200Bc", "abc")]
    [InlineData("ΑΣ", "ασ")]
    public void TensorFlowDropsMarksThenFoldsAndComposes(string text, string expected) =>
        Assert.Equal(expected, TensorFlowFold.For(lowerCase: true, stripAccents: true)!.Apply(text));

    [Theory]
    [InlineData(true, false, "E\u0301\u0327 Ａ", "\u0229\u0301 a")]
    [InlineData(false, true, "É한 Ａ", "E\u1112\u1161\u11AB Ａ")]
    public void TensorFlowFoldsAndStripsEachForItself(bool lowerCase, bool stripAccents, string text, string expected) =>
        Assert.Equal(expected, TensorFlowFold.For(lowerCase, stripAccents)!.Apply(text));

    [Fact]
    public void HalfASurrogatePairIsAReplacementCharacter()
    {
        Assert.Equal("\uFFFDx", TensorFlowFold.For(lowerCase: true, stripAccents: true)!.Apply("\uD800x"));
        Assert.Equal("x\uFFFD", PythonFold.For(new PythonFoldSettings(true, true, true, HuggingFace: true)).Apply("x\uDC00"));
    }

    [Fact]
    public void TensorFlowWithNeitherHasNothingToDo() => Assert.Null(TensorFlowFold.For(lowerCase: false, stripAccents: false));

    [Theory]
    [InlineData(" \u0085A\u3000\t\u001Cb ", "a b")]
    [InlineData("\u0301 a", " a")]
    [InlineData("ﬁ ½ É", "fi 1\u20442 e")]
    [InlineData("``a''", "``a''")]
    [InlineData("ΑΣ ΣΑΣ. Σ Α.Σ-Α", "ας σας. σ α.ς-α")]
    [InlineData("ΑΣ\u0301\u0301 \U0001D6BA", "ας σ")]
    [InlineData("İI", "ii")]
    public void TheOriginalFoldsAsPython(string text, string expected) =>
        Assert.Equal(expected, PythonFold.For(new PythonFoldSettings(true, true, true, HuggingFace: false)).Apply(text));

    [Theory]
    [InlineData("``a'' ```", "\"a\" \"`")]
    [InlineData("ΑΣ", "ασ")]
    [InlineData("Α\U0001D6BA", "ας")]
    public void HuggingFaceReplacesQuotesAndLowersEachCharacterForItself(string text, string expected) =>
        Assert.Equal(expected, PythonFold.For(new PythonFoldSettings(true, true, true, HuggingFace: true)).Apply(text));

    [Theory]
    [InlineData(false, true, true, " É  Σ ", "E Σ")]
    [InlineData(true, false, true, " É  Σ ", "é σ")]
    [InlineData(true, true, false, " É  Σ ", " e  σ ")]
    [InlineData(false, false, false, " É  Σ ", " É  Σ ")]
    public void EachSettingCountsForItself(bool lowerCase, bool stripAccents, bool removeSpace, string text, string expected) =>
        Assert.Equal(expected, PythonFold.For(new PythonFoldSettings(lowerCase, stripAccents, removeSpace, HuggingFace: true)).Apply(text));

    [Fact]
    public void ACharacterThatBecameSeveralOrJoinedKeepsItsRange()
    {
        var output = new MappedText();
        TensorFlowFold.For(lowerCase: true, stripAccents: true)!.Apply("x\uFF76\uFF9Eß", output);
        Assert.Equal("xガss", output.Units.ToString());
        Assert.Equal([0, 1, 3, 3], output.Starts.ToArray());
        Assert.Equal([1, 3, 4, 4], output.Ends.ToArray());
    }

    [Fact]
    public void MarksOfAnyNumberAreOrderedAndComposed()
    {
        var marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 20_000));
        var folded = TensorFlowFold.For(lowerCase: true, stripAccents: false)!.Apply("A" + marks);
        Assert.Equal("\u1EA1" + new string('\u0323', 19_999) + new string('\u0301', 20_000), folded);
    }
}
