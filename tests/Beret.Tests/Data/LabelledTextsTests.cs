using Beret.Data;

namespace Beret.Tests.Data;

public class LabelledTextsTests
{
    private static readonly LabelledTexts Texts =
        new(["neg", "pos"], [new("bad", null, 0, "a"), new("good", null, 1, "b"), new("fine", null, 1, "c")], "here");

    [Fact]
    public void Classes_are_counted() => Assert.Equal([1, 2], Texts.Counts);

    [Fact]
    public void The_fingerprint_follows_every_part()
    {
        LabelledTexts[] others =
        [
            new(["neg", "Pos"], Texts.Examples, "here"),
            new(["neg", "pos", "zero"], Texts.Examples, "here"),
            new(["neg", "pos"], [.. Texts.Examples.Skip(1)], "here"),
            new(["neg", "pos"], [.. Texts.Examples.Reverse()], "here"),
            .. Changed(example => example with { Text = "goof" }),
            .. Changed(example => example with { Label = 0 }),
            .. Changed(example => example with { Source = "bb" }),
            .. Changed(example => example with { Pair = "" }),
        ];
        Assert.Equal(others.Length + 1, others.Append(Texts).Select(texts => texts.Fingerprint).Distinct().Count());
        Assert.Equal(Texts.Fingerprint, new LabelledTexts(Texts.Labels, [.. Texts.Examples], "elsewhere").Fingerprint);

        static LabelledTexts[] Changed(Func<Example, Example> change) =>
            [new(Texts.Labels, [Texts.Examples[0], change(Texts.Examples[1]), Texts.Examples[2]], "here")];
    }

    // Computed apart, with Python's hashlib: "neg", "pos", then source, label, text, pair of each; -1 is the length of no pair.
    [Fact]
    public void The_fingerprint_never_changes() =>
        Assert.Equal("a45a6f17eadc6bb6511fea1975b42fa2f8481bf5f3deec8bdcc7581176d9ca42", Texts.Fingerprint);

    [Fact]
    public void Labels_follow_those_of_a_model()
    {
        var moved = Texts.WithLabels(["pos", "unsure", "neg"]);
        Assert.Equal([2, 0, 0], moved.Examples.Select(example => example.Label));
        Assert.Equal([2, 0, 1], moved.Counts);
        Assert.Same(Texts, Texts.WithLabels(["neg", "pos"]));
    }

    [Fact]
    public void A_label_that_a_model_does_not_know_is_named_with_those_it_knows()
    {
        var error = Assert.Throws<DataException>(() => Texts.WithLabels(["negative", "positive"]));
        Assert.Contains("the labels `neg`, `pos` are not known; the known labels are `negative`, `positive`", error.Message);
    }

    [Fact]
    public void A_label_out_of_range_or_twice_is_an_error()
    {
        Assert.Throws<DataException>(() => new LabelledTexts(["a"], [new("x", null, 1, "s")], "here"));
        Assert.Throws<DataException>(() => new LabelledTexts(["a", "a"], [], "here"));
    }
}
