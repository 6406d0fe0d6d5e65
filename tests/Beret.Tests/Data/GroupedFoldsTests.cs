using Beret.Data;

namespace Beret.Tests.Data;

public sealed class GroupedFoldsTests
{
    [Fact]
    public void No_group_is_in_two_folds_and_folds_are_of_like_size()
    {
        var texts = Texts(groups: 60);
        var fold = GroupedFolds.Of(texts, 5, seed: 42);
        Assert.All(texts.Examples.Index().GroupBy(one => one.Item.Group), group => Assert.Single(group.Select(one => fold[one.Index]).Distinct()));
        var sizes = Enumerable.Range(0, 5).Select(one => fold.Count(other => other == one)).ToArray();
        Assert.InRange(sizes.Max() - sizes.Min(), 0, 1);
    }

    [Fact]
    public void The_seed_decides_which_groups_go_where_and_nothing_else_does()
    {
        Assert.Equal(GroupedFolds.Of(Texts(60), 5, seed: 42), GroupedFolds.Of(Texts(60), 5, seed: 42));
        Assert.NotEqual(GroupedFolds.Of(Texts(60), 5, seed: 42), GroupedFolds.Of(Texts(60), 5, seed: 43));
    }

    [Fact]
    public void Fewer_groups_than_folds_and_texts_without_one_are_refused()
    {
        Assert.Contains("3 groups cannot be divided into 4 folds", Assert.Throws<DataException>(() => GroupedFolds.Of(Texts(3), 4, 0)).Message);
        Assert.Contains("at least two", Assert.Throws<DataException>(() => GroupedFolds.Of(Texts(3), 1, 0)).Message);
        var texts = Texts(3);
        var one = new LabelledTexts(texts.Labels, [.. texts.Examples, new Example("alone", null, 0, "line 9")], "some");
        Assert.Contains("line 9 has no group", Assert.Throws<DataException>(() => GroupedFolds.Of(one, 2, 0)).Message);
    }

    /// <summary>Groups of one text to seven.</summary>
    private static LabelledTexts Texts(int groups) => new(
        ["neg", "pos"],
        [.. Enumerable.Range(0, groups).SelectMany(group => Enumerable.Range(0, 1 + (group * 5 % 7)).Select(text => new Example($"{group} {text}", null, text % 2, $"{group}/{text}") { Group = $"author {group}" }))],
        "authors");
}
