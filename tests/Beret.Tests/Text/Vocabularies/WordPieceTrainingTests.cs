using Beret.Text;

namespace Beret.Tests.Text.Vocabularies;

public sealed class WordPieceTrainingTests
{
    private const int SpecialTokens = 5;

    // h p b begin words; u g n s go on: seven pieces of one character.
    private static readonly string[] Hugs =
        [Corpora.Times(10, "hug"), Corpora.Times(5, "pug"), Corpora.Times(12, "pun"), Corpora.Times(4, "bun"), Corpora.Times(5, "hugs")];

    [Fact]
    public void Special_tokens_come_first_then_the_characters_those_that_begin_a_word_before_the_others() =>
        Assert.Equal(
            ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "b", "h", "p", "##g", "##n", "##s", "##u"],
            Corpora.Trained(new VocabularyOptions { Size = SpecialTokens + 7 }, Hugs).Tokens());

    [Theory]
    [InlineData(1, "hug")] // two tokens saved in each of 10 hug and 5 hugs: 30
    [InlineData(2, "hug", "pun")] // two in each of 12 pun: 24
    [InlineData(3, "hug", "pun", "pug")] // two in each of 5 pug: 10, where bun would save 8 and hugs 5
    [InlineData(4, "hug", "pun", "pug", "bun")]
    public void Each_piece_is_the_one_that_saves_most_tokens(int more, params string[] pieces) =>
        Assert.Equal(pieces, Corpora.Trained(new VocabularyOptions { Size = SpecialTokens + 7 + more }, Hugs).Tokens()[(SpecialTokens + 7)..]);

    [Fact]
    public void A_piece_within_words_serves_all_of_them()
    {
        var tokens = Corpora.Trained(new VocabularyOptions { Size = SpecialTokens + 9 + 1 }, "going going doing doing being being seeing seeing").Tokens();
        Assert.Equal("##ing", tokens[^1]);
    }

    [Fact]
    public void With_room_for_all_words_each_is_one_token_and_the_vocabulary_ends_there()
    {
        var tokenizer = Corpora.Trained(new VocabularyOptions { Size = 1000 }, Hugs);
        Assert.Equal(["hug", "pug", "pun", "bun", "hugs"], tokenizer.Pieces("hug pug pun bun hugs"));
        Assert.Equal(SpecialTokens + 7 + 5, tokenizer.VocabularySize);
    }

    [Fact]
    public void What_is_seen_less_often_than_asked_is_no_piece()
    {
        var tokenizer = Corpora.Trained(new VocabularyOptions { Size = 1000, MinFrequency = 5 }, Hugs);
        Assert.DoesNotContain("bun", tokenizer.Tokens());
        Assert.Contains("pug", tokenizer.Tokens());
        Assert.Equal(["[UNK]"], tokenizer.Pieces("bun"));
    }

    [Fact]
    public void The_alphabet_keeps_the_most_frequent_characters()
    {
        var tokenizer = Corpora.Trained(new VocabularyOptions { Size = 100, AlphabetSize = 4 }, Hugs);
        Assert.Equal(["[UNK]", "pug", "pun", "[UNK]"], tokenizer.Pieces("hug pug pun bun"));
    }

    [Theory]
    [InlineData(true, "cafe", "!")]
    [InlineData(false, "[UNK]", "!")]
    public void Words_are_learnt_as_they_are_tokenized(bool lowerCase, params string[] pieces)
    {
        var options = new VocabularyOptions { Size = 100, LowerCase = lowerCase };
        Assert.Equal(pieces, Corpora.Trained(options, "café! café! CAFÉ?").Pieces("Café!"));
    }

    [Fact]
    public void It_needs_fewer_tokens_than_merging_the_most_frequent_pairs_does()
    {
        const int size = 1000;
        var options = new VocabularyOptions { Size = size };
        var words = Corpora.Counted(options, Corpora.Reviews);
        var merged = BytePairs.Train(words.Counts, size - SpecialTokens);
        var tokenizer = VocabularyTrainer.Train(words, options, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(size, tokenizer.VocabularySize);
        var pieces = tokenizer.Tokens()[SpecialTokens..].ToHashSet();
        Assert.True(Tokens(pieces) < 0.98 * Tokens(merged));

        long Tokens(HashSet<string> vocabulary) => words.Counts.Where(word => word.Key.Length <= 30).Sum(word => BytePairs.Tokens(vocabulary, word.Key) * word.Value);
    }

    [Fact]
    public void A_saved_vocabulary_is_read_back_to_the_same_tokenizer()
    {
        using var folder = new Checkpoints.TemporaryFolder();
        var trained = Corpora.Trained(new VocabularyOptions { Size = 600, LowerCase = false, SpecialTokens = ["[USER]"] }, Corpora.Reviews);
        trained.Save(folder.Path);
        var read = Tokenizer.Load(folder.Path);
        Assert.Equal(trained.Tokens(), read.Tokens());
        Assert.False(read.LowerCase);
        Assert.All(Corpora.Reviews.Append("A [USER] wrote: żółw"), text => Assert.Equal(trained.Encode(text).Ids, read.Encode(text).Ids));
        Assert.Equal(["A", "[USER]"], read.Pieces("A [USER]"));
        Assert.Equal(5, read.Encode("[USER]").Ids[1]);
    }
}
