using Beret.Data;
using Beret.Tasks;

namespace Beret.Tests.Tasks;

public class ClassificationTaskTests
{
    [Theory]
    [InlineData(TaskNames.Binary, 2, 1)]
    [InlineData(TaskNames.MultiClass, 2, 2)]
    [InlineData(TaskNames.MultiClass, 3, 3)]
    [InlineData(TaskNames.MultiLabel, 1, 1)]
    [InlineData(TaskNames.MultiLabel, 3, 3)]
    [InlineData(TaskNames.Regression, 1, 1)]
    public void ATaskIsFoundByItsName(string name, int labels, int outputs)
    {
        var task = ClassificationTask.Named(name, Labels(labels));
        Assert.Equal((name, outputs), (task.Name, task.Outputs));
    }

    [Theory]
    [InlineData(TaskNames.Binary, 3, "two labels, not 3")]
    [InlineData(TaskNames.MultiClass, 1, "at least 2 labels, not 1")]
    [InlineData(TaskNames.MultiLabel, 0, "at least 1 labels, not 0")]
    [InlineData(TaskNames.Regression, 2, "one number, not 2")]
    [InlineData("ranking", 2, "there are binary, multi-class, multi-label, regression")]
    public void ANameThatDoesNotFitTheLabelsIsRefused(string name, int labels, string message) =>
        Assert.Contains(message, Assert.Throws<BeretException>(() => ClassificationTask.Named(name, Labels(labels))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(2, LabelKind.Class, null, TaskNames.Binary)]
    [InlineData(3, LabelKind.Class, "auto", TaskNames.MultiClass)]
    [InlineData(2, LabelKind.Class, TaskNames.MultiClass, TaskNames.MultiClass)]
    [InlineData(1, LabelKind.Set, "auto", TaskNames.MultiLabel)]
    [InlineData(1, LabelKind.Number, null, TaskNames.Regression)]
    public void DataIsLearntAsItsLabelsAskFor(int labels, LabelKind kind, string? name, string expected) =>
        Assert.Equal(expected, ClassificationTask.For(Labels(labels), name, kind).Name);

    [Fact]
    public void OneClassIsNothingToTellApart() => Assert.Contains("at least two labels", Assert.Throws<BeretException>(() => ClassificationTask.For(Labels(1))).Message, StringComparison.Ordinal);

    [Fact]
    public void AMultiLabelTaskDecidesForEveryLabelAboveOneHalf()
    {
        var task = ClassificationTask.Named(TaskNames.MultiLabel, Labels(4));
        Assert.Equal([1, 3], task.DecideAll([-1f, 0.1f, 0f, 2f]));
        Assert.Empty(task.DecideAll([-1f, -2f, -3f, 0f]));
        Assert.True(task.AgreeOn([-1f, 0.1f, 0f, 2f], [-9f, 7f, -1f, 1f]));
        Assert.False(task.AgreeOn([-1f, 0.1f, 0f, 2f], [1f, 7f, -1f, 1f]));
    }

    [Fact]
    public void TargetsAreWhatTheLossCompares()
    {
        var target = new float[3];
        ClassificationTask.Named(TaskNames.MultiLabel, Labels(3)).WriteTarget(new Example("a", null, -1, "") { Labels = [0, 2] }, target);
        Assert.Equal([1, 0, 1], target);
        ClassificationTask.Named(TaskNames.Regression, Labels(1)).WriteTarget(new Example("a", null, -1, "") { Value = 2.5 }, target);
        Assert.Equal(2.5f, target[0]);
        ClassificationTask.Named(TaskNames.MultiClass, Labels(3)).WriteTarget(new Example("a", null, 2, ""), target);
        Assert.Equal(2, target[0]);
    }

    [Fact]
    public void GuessingLosesWhatTheLabelsDistributionLeavesOpen()
    {
        Example[] sets = [new("a", null, -1, "") { Labels = [0] }, new("b", null, -1, "") { Labels = [0, 1] }];
        Assert.Equal(
            Math.Log(2) / 2, ClassificationTask.Named(TaskNames.MultiLabel, Labels(2)).ChanceLoss(new LabelledTexts(Labels(2), sets, "here", kind: LabelKind.Set)), 1e-15);
        Example[] numbers = [new("a", null, -1, "") { Value = 1 }, new("b", null, -1, "") { Value = 4 }];
        Assert.Equal(2.25, ClassificationTask.Named(TaskNames.Regression, Labels(1)).ChanceLoss(new LabelledTexts(Labels(1), numbers, "here", kind: LabelKind.Number)), 1e-15);
    }

    [Theory]
    [InlineData(TaskNames.Binary, new float[] { -40 }, new[] { 1.0, 4.248354255291589e-18 }, 0)]
    [InlineData(TaskNames.Binary, new float[] { 2 }, new[] { 0.11920292202211755, 0.8807970779778823 }, 1)]
    [InlineData(TaskNames.MultiClass, new float[] { 1000, 998 }, new[] { 0.8807970779778823, 0.11920292202211755 }, 0)]
    [InlineData(TaskNames.MultiLabel, new float[] { -2, 2 }, new[] { 0.11920292202211755, 0.8807970779778823 }, 1)]
    public void LogitsBecomeProbabilitiesAndADecision(string name, float[] logits, double[] expected, int decision)
    {
        var task = ClassificationTask.Named(name, Labels(2));
        var probabilities = new double[2];
        task.Probabilities(logits, probabilities);
        for (var k = 0; k < 2; k++)
        {
            Assert.Equal(1, probabilities[k] / expected[k], 1e-12);
        }

        Assert.Equal(decision, task.Decide(logits));
    }

    [Theory]
    [InlineData(TaskNames.Binary, -1f, 0.75)]
    [InlineData(TaskNames.Binary, 1f, 0.75)]
    [InlineData(TaskNames.MultiClass, 1f, 0.25)]
    [InlineData(TaskNames.MultiLabel, 1f, 0.25)]
    public void TheScoreIsThePositiveClassOrTheLabelDecidedFor(string name, float first, double score) =>
        Assert.Equal(score, ClassificationTask.Named(name, Labels(2)).Score([first, 0], [0.25, 0.75]));

    [Fact]
    public void TheScoreOfARegressionIsItsNumber() => Assert.Equal(3.5, ClassificationTask.Named(TaskNames.Regression, Labels(1)).Score([3.5f], []));

    private static string[] Labels(int count) => [.. Enumerable.Range(0, count).Select(i => $"label{i}")];
}
