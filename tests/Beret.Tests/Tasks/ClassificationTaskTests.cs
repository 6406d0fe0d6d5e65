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
    public void ATaskIsFoundByItsName(string name, int labels, int outputs)
    {
        var task = ClassificationTask.Named(name, Labels(labels));
        Assert.Equal((name, outputs), (task.Name, task.Outputs));
        Assert.Equal(name == TaskNames.MultiLabel, task.IsPredictedOnly);
    }

    [Theory]
    [InlineData(TaskNames.Binary, 3, "two labels, not 3")]
    [InlineData(TaskNames.MultiClass, 1, "at least 2 labels, not 1")]
    [InlineData(TaskNames.MultiLabel, 0, "at least 1 labels, not 0")]
    [InlineData("regression", 2, "knows the tasks binary, multi-class and multi-label")]
    public void ANameThatDoesNotFitTheLabelsIsRefused(string name, int labels, string message) =>
        Assert.Contains(message, Assert.Throws<BeretException>(() => ClassificationTask.Named(name, Labels(labels))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(2, null, TaskNames.Binary)]
    [InlineData(3, "auto", TaskNames.MultiClass)]
    [InlineData(2, TaskNames.MultiClass, TaskNames.MultiClass)]
    public void DataIsLearntAsItsLabelsAskFor(int labels, string? name, string expected) => Assert.Equal(expected, ClassificationTask.For(Labels(labels), name).Name);

    [Fact]
    public void MultiLabelIsNotLearnt() => Assert.Throws<BeretException>(() => ClassificationTask.For(Labels(3), TaskNames.MultiLabel));

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
    [InlineData(TaskNames.Binary, 0, 0.75)]
    [InlineData(TaskNames.Binary, 1, 0.75)]
    [InlineData(TaskNames.MultiClass, 0, 0.25)]
    [InlineData(TaskNames.MultiLabel, 0, 0.25)]
    public void TheScoreIsThePositiveClassOrTheLabelDecidedFor(string name, int label, double score) =>
        Assert.Equal(score, ClassificationTask.Named(name, Labels(2)).Score([0.25, 0.75], label));

    private static string[] Labels(int count) => [.. Enumerable.Range(0, count).Select(i => $"label{i}")];
}
