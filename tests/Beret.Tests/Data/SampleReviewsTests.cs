using Beret.Data;

namespace Beret.Tests.Data;

/// <summary>The reviews that the quickstart trains on.</summary>
public sealed class SampleReviewsTests
{
    private static readonly Lazy<IReadOnlyList<LabelledTexts>> Splits = new(() =>
        DataSource.Open(Repository.Path("samples", "reviews")).Load([DataSource.Train, DataSource.Test]));

    [Fact]
    public void There_are_480_to_train_on_and_120_to_test_half_of_each_positive()
    {
        Assert.All(Splits.Value, texts => Assert.Equal(["neg", "pos"], texts.Labels));
        Assert.Equal([240, 240], Splits.Value[0].Counts);
        Assert.Equal([60, 60], Splits.Value[1].Counts);
    }

    [Fact]
    public void No_review_is_there_twice_within_a_split_or_in_both()
    {
        var texts = Splits.Value.SelectMany(texts => texts.Examples).Select(example => Bare(example.Text)).ToList();
        Assert.Equal(texts.Count, texts.Distinct().Count());
    }

    [Fact]
    public void Reviews_are_short_and_of_every_length()
    {
        var words = Splits.Value.SelectMany(texts => texts.Examples).Select(example => example.Text.Split(' ').Length).Order().ToArray();
        Assert.InRange(words[0], 1, 3);
        Assert.InRange(words[words.Length / 2], 15, 40);
        Assert.InRange(words[^1], 80, 160);
    }

    [Fact]
    public void Reviews_are_one_line_of_plain_English_text() =>
        Assert.All(Splits.Value.SelectMany(texts => texts.Examples), example =>
        {
            Assert.EndsWith("\n", example.Text);
            Assert.DoesNotContain(example.Text[..^1], c => c is < ' ' or > '~');
        });

    /// <summary>The letters alone, so that two that differ only in spaces or punctuation are the same.</summary>
    private static string Bare(string text) => string.Concat(text.Where(char.IsLetter)).ToLowerInvariant();
}
