using Beret.Data;
using Beret.Training;

namespace Beret.Tests.Training;

public class ClassWeightsTests
{
    [Theory]
    [InlineData("ham=1,spam=2.5", 1, 2.5)]
    [InlineData("spam=2.5", 1, 2.5)]
    [InlineData("\"spam\"=1e-3", 1, 0.001)]
    [InlineData("none", 1, 1)]
    public void WhatIsNamedHasItsWeightAndTheRestOne(string text, double ham, double spam) =>
        Assert.Equal([ham, spam], ClassWeights.Parse(text)!.Of(Texts(["ham", "spam"], 0, 1)));

    [Fact]
    public void ALabelOfAnySignsStandsInQuotationMarks()
    {
        var texts = Texts(["a,b", "x=1", "say \"no\"", "größer", "plain one"], 0, 1, 2, 3, 4);
        Assert.Equal([2, 3, 4, 5, 6], ClassWeights.Parse("\"a,b\"=2,\"x=1\"=3,\"say \"\"no\"\"\"=4,größer=5,plain one=6")!.Of(texts));
    }

    [Theory]
    [InlineData("")]
    [InlineData("spam")]
    [InlineData("spam=")]
    [InlineData("spam=two")]
    [InlineData("spam=0")]
    [InlineData("spam=-1")]
    [InlineData("spam=1e7")]
    [InlineData("spam=NaN")]
    [InlineData("=2")]
    [InlineData("spam=2,")]
    [InlineData(",spam=2")]
    [InlineData("spam=2,,ham=1")]
    [InlineData("spam=2,spam=3")]
    [InlineData("\"spam=2")]
    [InlineData("\"spam\"x=2")]
    [InlineData("sp\"am=2")]
    [InlineData("Balanced")]
    public void WhatIsNoListOfWeightsIsNone(string text) => Assert.Null(ClassWeights.Parse(text));

    [Fact]
    public void ALabelThatIsNotThereIsAnErrorThatListsTheOnesThatAre()
    {
        var message = Assert.Throws<TrainingException>(() => ClassWeights.Parse("Spam=2")!.Of(Texts(["ham", "spam"], 0, 1))).Message;
        Assert.Contains("\"Spam\"", message, StringComparison.Ordinal);
        Assert.Contains("ham, spam", message, StringComparison.Ordinal);
    }

    /// <summary>sklearn.utils.class_weight.compute_class_weight("balanced"): n / (K nₖ) of the classes that occur.</summary>
    [Fact]
    public void BalancedClassesWeighTheSameTogether() =>
        Assert.Equal([6 / (3 * 1.0), 6 / (3 * 2.0), 1, 6 / (3 * 3.0)], ClassWeights.Balanced.Of(Texts(["a", "b", "never", "d"], 0, 1, 1, 3, 3, 3)));

    [Fact]
    public void BalancedLabelsWeighAsTheTextsWithoutThem()
    {
        Example[] examples = [new("", null, -1, "") { Labels = [0, 2] }, new("", null, -1, "") { Labels = [2] }, new("", null, -1, "") { Labels = [2] }, new("", null, -1, "") { Labels = [2] }];
        Assert.Equal([3, 1, 1], ClassWeights.Balanced.Of(new LabelledTexts(["rare", "never", "always"], examples, "made", kind: LabelKind.Set)));
    }

    [Fact]
    public void WeightsOfOneTextAreOneValue()
    {
        Assert.Equal(ClassWeights.Parse("a=2"), ClassWeights.Parse("a=2"));
        Assert.Equal(ClassWeights.Balanced, ClassWeights.Parse("balanced"));
        Assert.NotEqual(ClassWeights.None, ClassWeights.Balanced);
    }

    private static LabelledTexts Texts(string[] labels, params int[] classes) => new(labels, [.. classes.Select(label => new Example("", null, label, ""))], "made");
}
