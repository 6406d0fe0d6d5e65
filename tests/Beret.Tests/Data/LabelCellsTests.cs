using Beret.Data;
using Beret.Data.Files;

namespace Beret.Tests.Data;

/// <summary>What the cells of a label column are taken for, and how they are read.</summary>
public class LabelCellsTests
{
    [Theory]
    [InlineData(LabelKind.Set, '|', "sports|politics", "art", "art")]
    [InlineData(LabelKind.Set, ';', "sports; politics", "", "art")]
    [InlineData(LabelKind.Set, ',', "cheap, small", "small, red", "cheap")]
    [InlineData(LabelKind.Set, null, "[\"a\", \"b\"]", "[]", "[\"a\"]")]
    [InlineData(LabelKind.Class, null, "Toys, Games", "Home, Garden", "Cars")]
    [InlineData(LabelKind.Class, null, "1,5", "2,5", "1,25")]
    [InlineData(LabelKind.Class, null, "pos", "neg", "pos")]
    [InlineData(LabelKind.Class, null, "1", "2", "5")]
    [InlineData(LabelKind.Class, null, "[unknown]", "[known]", "[known]")]
    [InlineData(LabelKind.Number, null, "1.25", "2", "-0.5e1")]
    [InlineData(LabelKind.Class, null, "1.25", "2", "none")]
    public void CellsTellWhatTheyAre(LabelKind kind, char? delimiter, params string[] cells)
    {
        var read = LabelCells.Choose(cells, cells.Length, new TableOptions());
        Assert.Equal((kind, delimiter), (read.Kind, read.Delimiter));
        Assert.Equal(kind == LabelKind.Class, read.Note is null);
    }

    [Fact]
    public void HalfStepsOfAScaleAreClassesAndFinerOnesNumbers()
    {
        var scale = Enumerable.Range(0, 100).Select(i => FormattableString.Invariant($"{i % 11 / 2.0:0.0}")).ToArray();
        Assert.Equal(LabelKind.Class, LabelCells.Choose(scale, scale.Length, new TableOptions()).Kind);
        var finer = Enumerable.Range(0, 100).Select(i => FormattableString.Invariant($"{i % 26 / 5.0:0.0}")).ToArray();
        Assert.Equal(LabelKind.Number, LabelCells.Choose(finer, finer.Length, new TableOptions()).Kind);
        Assert.Equal(LabelKind.Class, LabelCells.Choose(finer, finer.Length, new TableOptions { Kind = LabelKind.Class }).Kind);
        Assert.Equal(LabelKind.Number, LabelCells.Choose(scale, scale.Length, new TableOptions { Kind = LabelKind.Number }).Kind);
    }

    [Fact]
    public void ADelimiterThatIsGivenMakesSets()
    {
        var read = LabelCells.Choose(["a/b", "b"], 2, new TableOptions { LabelDelimiter = "/" });
        Assert.Equal(LabelKind.Set, read.Kind);
        Assert.Equal(["a", "b"], read.Names("a / b/a/"));
        Assert.Empty(read.Names(""));
        Assert.Throws<DataException>(() => LabelCells.Choose(["a"], 1, new TableOptions { LabelDelimiter = "ab" }));
        Assert.Throws<DataException>(() => LabelCells.Choose(["a"], 1, new TableOptions { LabelDelimiter = ",", Kind = LabelKind.Number }));
    }

    [Fact]
    public void AListHoldsNamesAndNumbersAndBesideItOneNameMayStand()
    {
        var read = LabelCells.Choose(["[\"a\", 7]", "b"], 2, new TableOptions { Kind = LabelKind.Set });
        Assert.Equal(["a", "7"], read.Names("[\"a\", 7, \"a\"]"));
        Assert.Equal(["b"], read.Names("b"));
        Assert.Null(read.FaultOf(""));
        Assert.NotNull(read.FaultOf("[[1]]"));
        Assert.NotNull(read.FaultOf("[a]"));
        Assert.NotNull(read.FaultOf(null));
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("1e999")]
    [InlineData("four")]
    [InlineData("")]
    public void WhatIsNoFiniteNumberIsAFault(string cell) => Assert.NotNull(new LabelCells(LabelKind.Number).FaultOf(cell));
}
