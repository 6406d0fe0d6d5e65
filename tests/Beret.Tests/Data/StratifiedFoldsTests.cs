using Beret.Data;
using Beret.Tests.Training;

namespace Beret.Tests.Data;

public sealed class StratifiedFoldsTests
{
    [Theory]
    [InlineData(100, 5)]
    [InlineData(103, 5)]
    [InlineData(7, 7)]
    [InlineData(50, 2)]
    public void Folds_have_the_same_size_and_the_same_shares_of_labels_but_for_one_text(int count, int folds)
    {
        var texts = TinyWorld.Texts(count);
        var fold = StratifiedFolds.Of(texts, folds, seed: 42);
        AssertEven(fold, folds);
        for (var label = 0; label < 2; label++)
        {
            AssertEven([.. fold.Where((_, text) => texts.Examples[text].Label == label)], folds);
        }
    }

    [Fact]
    public void So_have_sets_of_labels()
    {
        int[][] sets = [[], [0], [0, 1], [1, 2], [2]];
        var texts = new LabelledTexts(
            ["a", "b", "c"], [.. Enumerable.Range(0, 97).Select(i => new Example($"text {i}", null, -1, $"{i}") { Labels = sets[i * i % 5] })], "sets", kind: LabelKind.Set);
        var fold = StratifiedFolds.Of(texts, 4, seed: 1);
        AssertEven(fold, 4);
        foreach (var set in sets)
        {
            AssertEven([.. fold.Where((_, text) => texts.Examples[text].Labels.SequenceEqual(set))], 4);
        }
    }

    [Fact]
    public void Of_numbers_each_fold_has_one_of_every_few_neighbours()
    {
        var texts = new LabelledTexts(["stars"], [.. Enumerable.Range(0, 60).Select(i => new Example($"text {i}", null, -1, $"{i}") { Value = i * 37 % 60 })], "numbers", kind: LabelKind.Number);
        var fold = StratifiedFolds.Of(texts, 4, seed: 3);
        foreach (var neighbours in Enumerable.Range(0, 60).OrderBy(text => texts.Examples[text].Value).Chunk(4))
        {
            Assert.Equal([0, 1, 2, 3], neighbours.Select(text => fold[text]).Order());
        }

        // No fold has always the smallest of them.
        Assert.True(Enumerable.Range(0, 4).Select(one => Enumerable.Range(0, 60).Where(text => fold[text] == one).Average(text => texts.Examples[text].Value)).All(mean => mean is > 27 and < 32));
    }

    [Fact]
    public void The_seed_decides_which_texts_go_where_and_nothing_else_does()
    {
        var texts = TinyWorld.Texts(200);
        Assert.Equal(StratifiedFolds.Of(texts, 5, seed: 42), StratifiedFolds.Of(TinyWorld.Texts(200), 5, seed: 42));
        Assert.NotEqual(StratifiedFolds.Of(texts, 5, seed: 42), StratifiedFolds.Of(texts, 5, seed: 43));
    }

    [Fact]
    public void More_folds_than_texts_and_fewer_than_two_are_refused()
    {
        Assert.Contains("tiny: 3 texts cannot be divided into 4 folds", Assert.Throws<DataException>(() => StratifiedFolds.Of(TinyWorld.Texts(3), 4, 0)).Message);
        Assert.Contains("at least two", Assert.Throws<DataException>(() => StratifiedFolds.Of(TinyWorld.Texts(3), 1, 0)).Message);
    }

    private static void AssertEven(int[] fold, int folds)
    {
        var sizes = Enumerable.Range(0, folds).Select(one => fold.Count(other => other == one)).ToArray();
        Assert.InRange(sizes.Max() - sizes.Min(), 0, 1);
    }
}
