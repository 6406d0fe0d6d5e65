using Beret.Data;
using Beret.Tests.Training;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Tests.Tokens;

public sealed class TextChunksTests : IDisposable
{
    private readonly TinyWorld world = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => world.Dispose();

    [Theory]
    [InlineData(6, 0, "the film was a|story of it and")]
    [InlineData(6, 2, "the film was a|was a story of|story of it and")]
    [InlineData(7, 1, "the film was a story|a story of it and")]
    [InlineData(9, 3, "the film was a story of it|film was a story of it and")]
    [InlineData(10, 5, "the film was a story of it and")]
    public void APieceIsWhatStandsThereAndTheLastEndsWithTheText(int maxLength, int overlap, string pieces)
    {
        var cut = Cut(new Example("the film was a story of it and", null, 1, "a.txt"), maxLength, overlap);
        Assert.Equal(pieces.Split('|'), cut.Select(piece => piece.Text));
        Assert.All(cut, piece => Assert.Equal(1, piece.Label));
        Assert.Equal(cut.Count == 1 ? ["a.txt"] : [.. Enumerable.Range(1, cut.Count).Select(i => $"a.txt [{i}]")], cut.Select(piece => piece.Source));
    }

    [Fact]
    public void WhatStandsBetweenAndAroundTokensStaysWithThem()
    {
        var cut = Cut(new Example("  The  film,\n(was) \U0001F600 a\tstory.  ", null, 0, "a"), 6, 0);
        Assert.Equal(["The  film,\n(", "was) \U0001F600 a", "\U0001F600 a\tstory."], cut.Select(piece => piece.Text));
    }

    [Fact]
    public void PairsAndEmptyTextsStayAsTheyAre()
    {
        Example[] whole = [new("the film was a story of it and", "it was a story of the film", 0, "a"), new("", null, 1, "b"), new("the film", null, 1, "c")];
        Assert.All(whole, example => Assert.Same(example, Assert.Single(Cut(example, 6, 3))));
    }

    [Fact]
    public void ThreadsAndOrderMakeNoDifference()
    {
        var texts = TinyWorld.Texts(300);
        var tokenizer = Tokenizer.Load(world.Model);
        var (one, many) = (TextChunks.Of(texts, tokenizer, 6, 2, 1, Cancellation), TextChunks.Of(texts, tokenizer, 6, 2, 4, Cancellation));
        Assert.Equal(one.Fingerprint, many.Fingerprint);
        Assert.True(one.Examples.Count > texts.Examples.Count);
        var stop = new CancellationToken(canceled: true);
        Assert.ThrowsAny<OperationCanceledException>(() => TextChunks.Of(texts, tokenizer, 6, 2, 1, stop));
    }

    private IReadOnlyList<Example> Cut(Example example, int maxLength, int overlap) =>
        TextChunks.Of(new LabelledTexts(["neg", "pos"], [example], "here"), Tokenizer.Load(world.Model), maxLength, overlap, 1, Cancellation).Examples;
}
