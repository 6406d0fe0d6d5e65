using Beret.Text;
using Beret.Text.Vocabularies;

namespace Beret.Tests.Text.Vocabularies;

public sealed class UnigramTrainingTests
{
    private static readonly VocabularyOptions Options = new() { Type = VocabularyType.Unigram, Size = 1000 };

    private static readonly Lazy<Tokenizer> Reviews = new(() => Corpora.Trained(Options, Corpora.Reviews));

    [Fact]
    public void It_has_the_size_asked_for_and_the_special_tokens_first()
    {
        Assert.Equal(1000, Reviews.Value.VocabularySize);
        Assert.Equal("Unigram", Reviews.Value.Kind);
        Assert.Equal(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], Reviews.Value.Tokens()[..5]);
        Assert.Equal((0, 1, 2, 3, 4), (Reviews.Value.PaddingId, Reviews.Value.UnknownId, Reviews.Value.ClassificationId, Reviews.Value.SeparatorId, Reviews.Value.MaskId));
    }

    [Fact]
    public void Frequent_words_are_pieces_with_the_space_before_them() =>
        Assert.Equal(["▁the", "▁film", "▁was", "▁very", "▁good"], Reviews.Value.Pieces("The film was very good"));

    [Fact]
    public void Text_can_be_put_together_again_but_for_its_case()
    {
        var tokenizer = Corpora.Trained(Options with { MinFrequency = 1 }, Corpora.Reviews);
        Assert.All(Corpora.Reviews.Select(text => text.Trim()), text => Assert.Equal(text.ToLowerInvariant(), string.Concat(tokenizer.Pieces(text)).Replace('▁', ' ')[1..]));
    }

    [Fact]
    public void No_piece_has_letters_and_punctuation() =>
        Assert.DoesNotContain(Reviews.Value.Tokens()[5..], piece => piece.Any(char.IsAsciiLetter) && piece.Any(char.IsPunctuation));

    [Fact]
    public void The_most_frequent_pieces_come_first_and_each_is_there_once()
    {
        var tokens = Reviews.Value.Tokens();
        Assert.Equal(tokens.Length, tokens.Distinct().Count());
        Assert.Contains("▁the", tokens[5..10]);
    }

    [Theory]
    [InlineData("ing")]
    [InlineData("ed")]
    [InlineData("s")]
    public void Endings_of_many_words_are_pieces(string ending) => Assert.Contains(ending, Reviews.Value.Tokens());

    [Fact]
    public void A_text_of_one_word_gives_that_word()
    {
        var tokenizer = Corpora.Trained(Options, Corpora.Times(100, "a"));
        Assert.Equal(["▁a", "▁a"], tokenizer.Pieces("a A"));
        Assert.Equal("[UNK]", tokenizer.Pieces("b")[^1]);
    }

    [Fact]
    public void A_saved_vocabulary_is_read_back_to_the_same_tokenizer()
    {
        using var folder = new Checkpoints.TemporaryFolder();
        var trained = Corpora.Trained(Options with { Size = 500, SpecialTokens = ["[USER]"], LowerCase = false }, Corpora.Reviews);
        trained.Save(folder.Path);
        var read = Tokenizer.Load(folder.Path);
        Assert.Equal(trained.Tokens(), read.Tokens());
        Assert.Equal((trained.UnknownId, trained.MaskId, trained.PaddingId), (read.UnknownId, read.MaskId, read.PaddingId));
        Assert.All(Corpora.Reviews.Append("A  [USER] wrote:\t\"żółw\"  …"), text =>
        {
            Assert.Equal(trained.Encode(text).Ids, read.Encode(text).Ids);
            Assert.Equal(trained.Encode(text).Offsets, read.Encode(text).Offsets);
        });
    }

    [Fact]
    public void The_character_that_stands_for_a_space_is_one()
    {
        var tokenizer = Corpora.Trained(Options with { Size = 40 }, Corpora.Times(10, "good▁film bad film"));
        Assert.Equal(tokenizer.Tokens().Length, tokenizer.Tokens().Distinct().Count());
        Assert.Equal(["▁good", "▁film"], tokenizer.Pieces("good▁film"));
    }

    [Theory]
    [InlineData("abab", 0.25, 0.25, 0.5)]
    [InlineData("aab", 0.1, 0.6, 0.3)]
    [InlineData("bbbb", 0.3, 0.3, 0.4)]
    public void The_best_cut_is_the_best_of_all(string word, double a, double b, double ab)
    {
        var counts = new Dictionary<string, long> { [word] = 2, ["ab"] = 2, ["a"] = 2, ["b"] = 2 };
        var alphabet = Alphabet.Of(counts, 1, 10);
        var words = WordTable.Of(counts, alphabet, marksStart: false);
        var pieces = PieceTable.Of(words, longest: 2, minCount: 2, most: 10);
        string[] texts = [.. Enumerable.Range(0, pieces.Count).Select(piece => alphabet.Text(pieces.Symbols(piece), "_"))];
        var probabilities = new Dictionary<string, double> { ["a"] = a, ["b"] = b, ["ab"] = ab };
        double[] scores = [.. texts.Select(text => Math.Log(probabilities.GetValueOrDefault(text, 1e-9)))];
        var best = new BestCut(words.LongestWord);
        var index = counts.Keys.Order(StringComparer.Ordinal).ToList().IndexOf(word);
        best.Find(pieces, scores, words.Starts[index], words.Starts[index + 1]);
        var found = best.Path().ToArray().Select(piece => scores[piece]).Sum();
        Assert.Equal(AllCuts(word).Max(cut => cut.Sum(piece => texts.IndexOf(piece) is >= 0 and var id ? scores[id] : double.NegativeInfinity)), found, 12);
    }

    private static IEnumerable<List<string>> AllCuts(string word) => word.Length == 0
        ? [[]]
        : Enumerable.Range(1, word.Length).SelectMany(length => AllCuts(word[length..]).Select(rest => rest.Prepend(word[..length]).ToList()));
}
