using Beret.Evaluation;

namespace Beret.Tests.Evaluation;

/// <summary>What the figures of multi-label tasks and regressions are where scikit-learn has none: losses, intervals, and what is said where nothing is defined.</summary>
public class LaterTaskMetricsTests
{
    [Fact]
    public void TheLossOfLabelsIsTheMeanOfTheirBinaryCrossEntropies()
    {
        var result = MultiLabelMetrics.Evaluate([true, false, false, false], [0, 0, 50, -50], ["a", "b"]);
        Assert.Equal((Math.Log(2) + 25) / 2, result.Loss.Value, 1e-12);
        Assert.Equal("f1_micro", result.Headline.Key);
        Assert.Contains("hamming loss", result.ToTable(), StringComparison.Ordinal);
    }

    [Fact]
    public void TheIntervalOfMicroF1TakesTheLabelsOfATextTogether()
    {
        // Ten labels of a text that are right or wrong together say no more than one: the interval is as wide.
        bool[] one = [.. Enumerable.Range(0, 40).Select(i => i % 2 == 0)];
        float[] logits = [.. Enumerable.Range(0, 40).Select(i => i % 3 == 0 ? 1f : -1f)];
        var narrow = MultiLabelMetrics.Evaluate(one, logits, ["a"]);
        var wide = MultiLabelMetrics.Evaluate(
            [.. one.SelectMany(label => Enumerable.Repeat(label, 10))], [.. logits.SelectMany(logit => Enumerable.Repeat(logit, 10))], [.. Enumerable.Range(0, 10).Select(k => $"{k}")]);
        Assert.Equal(narrow.Micro.F1.Value, wide.Micro.F1.Value, 1e-12);
        Assert.Equal(narrow.Micro.F1.Interval95!.Value.Lower, wide.Micro.F1.Interval95!.Value.Lower, 1e-12);
    }

    [Fact]
    public void EqualNumbersHaveTheMeanOfTheirRanks() => Assert.Equal([2.5, 1, 2.5, 4.5, 4.5], RegressionMetrics.Ranks([3, 1, 3, 7, 7]));

    [Fact]
    public void ThePearsonIntervalIsFishers()
    {
        var result = RegressionMetrics.Evaluate([1, 2, 3, 4, 5, 6], [1f, 3f, 2f, 5f, 4f, 6f]);
        Assert.Equal(31 / 35.0, result.Pearson.Value, 1e-12);
        Assert.Equal(Math.Tanh(Math.Atanh(31 / 35.0) - 1.959963984540054 / Math.Sqrt(3)), result.Pearson.Interval95!.Value.Lower, 1e-12);
        Assert.Equal(Math.Tanh(Math.Atanh(31 / 35.0) + 1.959963984540054 * Math.Sqrt(1.06 / 3)), result.Spearman.Interval95!.Value.Upper, 1e-12);
    }

    [Fact]
    public void WhatIsNotDefinedSaysWhy()
    {
        var result = RegressionMetrics.Evaluate([1, 2, 3], [2f, 2f, 2f]);
        Assert.Equal("all predictions are equal", result.Pearson.Note);
        Assert.Equal("pearson", result.Headline.Key);
        Assert.Contains("\"pearson\": null", result.ToJson(), StringComparison.Ordinal);
        Assert.Throws<EvaluationException>(() => RegressionMetrics.Evaluate([], []));
        Assert.Throws<EvaluationException>(() => RegressionMetrics.Evaluate([1], [float.NaN]));
        Assert.Throws<EvaluationException>(() => MultiLabelMetrics.Evaluate([], [], ["a"]));
        Assert.Throws<ArgumentException>(() => MultiLabelMetrics.Evaluate([true], [1, 2], ["a"]));
    }
}
