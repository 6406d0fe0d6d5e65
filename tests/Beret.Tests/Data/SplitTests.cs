using Beret.Data;

namespace Beret.Tests.Data;

/// <summary>Which texts are set aside for validation: by labels, and by groups.</summary>
public class SplitTests
{
    [Theory]
    [InlineData(0.2, 1)]
    [InlineData(0.25, 42)]
    [InlineData(0.37, 7)]
    [InlineData(0.9, 3)]
    public void EveryClassHasItsShareToWithinOne(double fraction, long seed)
    {
        int[] sizes = [1, 2, 3, 57, 200, 739];
        var texts = Classes(sizes);
        var (training, validation) = DatasetSplit.Of(texts, SplitMethod.Stratified, fraction, seed);
        Assert.All(sizes.Index(), label => Assert.InRange(validation.Counts[label.Index], (fraction * label.Item) - 1, (fraction * label.Item) + 1));
        Assert.All(training.Counts, count => Assert.True(count > 0));
        AssertParts(texts, training, validation);
    }

    [Fact]
    public void EverySetOfLabelsHasItsShareToWithinOneAndSoHasTheRarestLabel()
    {
        var random = new Random(5);
        double[] shares = [0.6, 0.3, 0.2, 0.02];
        var texts = new LabelledTexts(
            ["a", "b", "c", "d"],
            [.. Enumerable.Range(0, 1500).Select(i => new Example($"{i}", null, -1, $"{i}") { Labels = [.. Enumerable.Range(0, 4).Where(label => random.NextDouble() < shares[label])] })],
            "sets", kind: LabelKind.Set);
        var (training, validation) = DatasetSplit.Of(texts, SplitMethod.Stratified, 0.3, 1);
        foreach (var set in texts.Examples.GroupBy(example => string.Join(',', example.Labels)))
        {
            var count = validation.Examples.Count(example => string.Join(',', example.Labels) == set.Key);
            Assert.InRange(count, (0.3 * set.Count()) - 1, (0.3 * set.Count()) + 1);
        }

        Assert.InRange(validation.Counts[3], (0.3 * texts.Counts[3]) - 1, (0.3 * texts.Counts[3]) + 1);
        AssertParts(texts, training, validation);
    }

    [Fact]
    public void EveryTenthOfTheNumbersHasItsShareToWithinOne()
    {
        var random = new Random(9);
        var texts = new LabelledTexts(
            ["stars"], [.. Enumerable.Range(0, 1003).Select(i => new Example($"{i}", null, -1, $"{i}") { Value = Math.Pow(random.NextDouble(), 3) })], "numbers", kind: LabelKind.Number);
        var (training, validation) = DatasetSplit.Of(texts, SplitMethod.Stratified, 0.2, 4);
        var chosen = validation.Examples.Select(example => example.Source).ToHashSet();
        var sorted = texts.Examples.OrderBy(example => example.Value).ToArray();
        for (var tenth = 0; tenth < 10; tenth++)
        {
            var part = sorted[(tenth * 1003 / 10)..((tenth + 1) * 1003 / 10)];
            Assert.InRange(part.Count(example => chosen.Contains(example.Source)), (0.2 * part.Length) - 1, (0.2 * part.Length) + 1);
        }

        AssertParts(texts, training, validation);
    }

    [Theory]
    [InlineData(0.2, 1)]
    [InlineData(0.2, 2)]
    [InlineData(0.5, 3)]
    public void NoGroupStandsOnBothSides(double fraction, long seed)
    {
        var random = new Random(3);
        var texts = Grouped([.. Enumerable.Range(0, 1000).Select(_ => $"author {Math.Min(random.Next(80), random.Next(80))}")]);
        var (training, validation) = DatasetSplit.Of(texts, SplitMethod.Grouped, fraction, seed);
        Assert.Empty(training.Examples.Select(example => example.Group).Intersect(validation.Examples.Select(example => example.Group)));

        // The smallest group decides how near the share can be reached; here it has a few texts.
        Assert.InRange(validation.Examples.Count, (fraction * 1000) - 10, (fraction * 1000) + 10);
        AssertParts(texts, training, validation);
    }

    [Fact]
    public void WhereEveryGroupIsLargerThanTheShareTheSmallestIsSetAside()
    {
        var (training, validation) = DatasetSplit.Of(Grouped([.. Enumerable.Repeat("large", 7), .. Enumerable.Repeat("small", 4)]), SplitMethod.Grouped, 0.1, 1);
        Assert.All(training.Examples, example => Assert.Equal("large", example.Group));
        Assert.All(validation.Examples, example => Assert.Equal("small", example.Group));
    }

    [Theory]
    [InlineData(SplitMethod.Tutorial)]
    [InlineData(SplitMethod.Stratified)]
    [InlineData(SplitMethod.Grouped)]
    public void TheSameSeedGivesTheSamePartsAndAnotherOthers(SplitMethod method)
    {
        var texts = Grouped([.. Enumerable.Range(0, 300).Select(i => $"{i % 40}")]);
        var first = DatasetSplit.Of(texts, method, 0.2, 42);
        var again = DatasetSplit.Of(texts, method, 0.2, 42);
        Assert.Equal((first.Train.Fingerprint, first.Validation.Fingerprint), (again.Train.Fingerprint, again.Validation.Fingerprint));
        Assert.NotEqual(first.Validation.Fingerprint, DatasetSplit.Of(texts, method, 0.2, 43).Validation.Fingerprint);
    }

    [Fact]
    public void TheTutorialsSplitIsTheOneByItsName()
    {
        var texts = Classes([50, 50]);
        var (training, validation) = DatasetSplit.Of(texts, SplitMethod.Tutorial, 0.2, 42);
        var named = DatasetSplit.TutorialSplit(texts, 0.2, 42);
        Assert.Equal((named.Train.Fingerprint, named.Validation.Fingerprint), (training.Fingerprint, validation.Fingerprint));
    }

    [Fact]
    public void WhatCannotBeSplitIsSaid()
    {
        Assert.Contains("has no group", Assert.Throws<DataException>(() => DatasetSplit.Of(Classes([5, 5]), SplitMethod.Grouped, 0.2, 1)).Message);
        Assert.Contains("one group only", Assert.Throws<DataException>(() => DatasetSplit.Of(Grouped(["a", "a", "a"]), SplitMethod.Grouped, 0.2, 1)).Message);
        Assert.Contains("none would be left to validate with", Assert.Throws<DataException>(() => DatasetSplit.Of(Classes([2, 1]), SplitMethod.Stratified, 0.2, 1)).Message);
    }

    private static void AssertParts(LabelledTexts texts, LabelledTexts training, LabelledTexts validation) =>
        Assert.Equal(texts.Examples.Select(example => example.Source).Order(), training.Examples.Concat(validation.Examples).Select(example => example.Source).Order());

    private static LabelledTexts Classes(int[] sizes)
    {
        var labels = sizes.Index().SelectMany(size => Enumerable.Repeat(size.Index, size.Item)).ToArray();
        new Random(1).Shuffle(labels);
        return new LabelledTexts([.. sizes.Select((_, i) => $"label {i}")], [.. labels.Select((label, i) => new Example($"text {i}", null, label, $"{i}"))], "classes");
    }

    private static LabelledTexts Grouped(string[] groups) =>
        new(["a", "b"], [.. groups.Select((group, i) => new Example($"text {i}", null, i % 2, $"{i}") { Group = group })], "groups");
}
