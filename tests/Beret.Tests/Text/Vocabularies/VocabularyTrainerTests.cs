using Beret.Text;
using Beret.Text.Vocabularies;

namespace Beret.Tests.Text.Vocabularies;

/// <summary>What holds for vocabularies of both kinds.</summary>
public sealed class VocabularyTrainerTests
{
    public static TheoryData<VocabularyType> Types => [VocabularyType.WordPiece, VocabularyType.Unigram];

    [Theory]
    [MemberData(nameof(Types))]
    public void The_number_of_threads_and_the_order_of_the_texts_change_nothing(VocabularyType type)
    {
        var options = new VocabularyOptions { Type = type, Size = 700 };
        var one = Files(options with { Threads = 1 }, Corpora.Reviews);
        foreach (var threads in new[] { 2, 3, 7 })
        {
            Assert.Equal(one, Files(options with { Threads = threads }, Corpora.Reviews.Reverse()));
        }

        static string[] Files(VocabularyOptions options, IEnumerable<string> texts)
        {
            using var folder = new Checkpoints.TemporaryFolder();
            Corpora.Trained(options, texts).Save(folder.Path);
            return [.. Directory.GetFiles(folder.Path).Order().Select(File.ReadAllText)];
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Texts_without_a_word_are_refused(VocabularyType type)
    {
        var error = Assert.Throws<TokenizerException>(() => Corpora.Trained(new VocabularyOptions { Type = type }, "", " \t\n", "\u0000"));
        Assert.Contains("the texts are empty", error.Message);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Characters_that_are_all_too_rare_are_refused(VocabularyType type)
    {
        var error = Assert.Throws<TokenizerException>(() => Corpora.Trained(new VocabularyOptions { Type = type }, "abc"));
        Assert.Contains("no character occurs 2 times", error.Message);
        Assert.Contains("abc", Corpora.Trained(new VocabularyOptions { Type = type, MinFrequency = 1 }, "abc").Tokens().Select(token => token.TrimStart('▁')));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_size_without_room_for_the_characters_is_refused_and_the_size_that_is_named_will_do(VocabularyType type)
    {
        var options = new VocabularyOptions { Type = type, Size = 20 };
        var error = Assert.Throws<TokenizerException>(() => Corpora.Trained(options, Corpora.Reviews));
        var least = int.Parse(error.Message.Split("choose a size of ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(least, Corpora.Trained(options with { Size = least }, Corpora.Reviews).VocabularySize);
        Assert.Throws<TokenizerException>(() => Corpora.Trained(options with { Size = least - 1 }, Corpora.Reviews));
    }

    [Theory]
    [InlineData("[PAD]", "listed twice")]
    [InlineData("", "empty")]
    [InlineData("a b", "white space")]
    public void Special_tokens_that_cannot_be_are_refused(string token, string why) =>
        Assert.Contains(why, Assert.Throws<TokenizerException>(() => Corpora.Trained(new VocabularyOptions { SpecialTokens = [token] }, "a a")).Message);

    [Theory]
    [InlineData(0, 2, 10)]
    [InlineData(8000, 0, 10)]
    [InlineData(8000, 2, 0)]
    [InlineData(2_000_000, 2, 10)]
    public void Numbers_out_of_range_are_refused(int size, int minFrequency, int alphabet) => Assert.Throws<TokenizerException>(() =>
        Corpora.Trained(new VocabularyOptions { Size = size, MinFrequency = minFrequency, AlphabetSize = alphabet }, "a a"));

    [Theory]
    [MemberData(nameof(Types))]
    public void A_special_token_that_is_also_a_word_is_one_token(VocabularyType type)
    {
        var tokens = Corpora.Trained(new VocabularyOptions { Type = type, SpecialTokens = ["film", "a"] }, Corpora.Times(10, "film a film")).Tokens();
        Assert.Equal(tokens.Length, tokens.Distinct().Count());
        Assert.Equal(["film", "a"], tokens[5..7]);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Text_beyond_the_basic_plane_and_hostile_text_is_learnt_whole(VocabularyType type)
    {
        var text = "😀😀 𝒳𝒴 \uD800x\uDC00 日本語 a\u0301\u0301\u0301 한국어 " + new string('z', 100_000) + " ﷽";
        var tokenizer = Corpora.Trained(new VocabularyOptions { Type = type, Size = 200 }, text, text, text);
        Assert.DoesNotContain(tokenizer.Tokens(), token => char.IsLowSurrogate(token.TrimStart('#', '▁').FirstOrDefault()) || char.IsHighSurrogate(token[^1]));
        Assert.DoesNotContain("[UNK]", tokenizer.Pieces("😀😀 𝒳𝒴 日本語 한국어"));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void It_can_be_stopped(VocabularyType type)
    {
        var options = new VocabularyOptions { Type = type, Size = 700 };
        Assert.ThrowsAny<OperationCanceledException>(() =>
            VocabularyTrainer.Train(Corpora.Counted(options, Corpora.Reviews), options, cancellationToken: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Words_are_cut_as_the_tokenizer_cuts_them()
    {
        var options = new VocabularyOptions();
        var tokenizer = Corpora.Trained(options, Corpora.Reviews);
        Assert.All(Corpora.Reviews.Append("x\u00ADy 日本 don't…stop\u2028now e\u0301E\u0301 \u0000a"), text =>
        {
            var words = new WordCounter(options);
            words.Add(text);
            Assert.Equal(tokenizer.Encode(text).Words.Max() + 1, words.Words);
        });
    }

    [Fact]
    public void More_words_than_are_held_cost_the_rarest_and_not_the_frequent_ones()
    {
        var words = new WordCounter(new VocabularyOptions(), mostWords: 1000);
        for (var i = 0; i < 20_000; i++)
        {
            words.Add($"rare{i} often{i % 10}");
            Assert.InRange(words.DistinctWords, 1, 1000);
        }

        Assert.Equal(40_000, words.Words);
        Assert.All(Enumerable.Range(0, 10), i => Assert.Equal(2000, words.Counts[$"often{i}"]));
    }

    [Fact]
    public void A_vocabulary_is_measured_on_other_texts()
    {
        var measure = new VocabularyMeasure(Corpora.Trained(new VocabularyOptions { Size = 8, MinFrequency = 1 }, Corpora.Times(5, "ab") + " abb"));
        measure.Add("ab abb, AB"); // ab, ab ##b, [UNK], ab
        Assert.Equal((1, 4, 5, 1), (measure.Texts, measure.Words, measure.Tokens, measure.Unknown));
        Assert.Equal(1.25, measure.TokensPerWord);
        Assert.Equal(0.2, measure.UnknownRate);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(50)]
    public void The_substrings_of_the_suffix_order_are_those_of_all_that_are_not_always_followed_by_the_same_symbol(int longest)
    {
        var counts = new Dictionary<string, long> { ["banana"] = 3, ["bandana"] = 2, ["an"] = 7, ["ana"] = 1, ["nab"] = 1 };
        var alphabet = Alphabet.Of(counts, 1, 100);
        var words = WordTable.Of(counts, alphabet, marksStart: false);
        var order = new SuffixOrder(words, longest);
        var found = order.Frequent(1).ToDictionary(piece => alphabet.Text(words.Symbols.AsSpan(order.Places[piece.From], piece.Length), "_"), piece => piece.Count);

        var all = new Dictionary<string, (long Count, HashSet<char> Next)>();
        foreach (var (word, count) in counts)
        {
            for (var from = 0; from < word.Length; from++)
            {
                for (var to = from + 1; to <= Math.Min(word.Length, from + longest); to++)
                {
                    var (sum, next) = all.GetValueOrDefault(word[from..to], (0, []));
                    next.Add(to == word.Length || to == from + longest ? (char)(0xE000 + next.Count) : word[to]);
                    all[word[from..to]] = (sum + count, next);
                }
            }
        }

        var expected = all.Where(pair => pair.Key.Length > 1 && (pair.Value.Next.Count > 1 || pair.Value.Next.Single() >= 0xE000)).ToDictionary(pair => pair.Key, pair => pair.Value.Count);
        Assert.Equal(expected.OrderBy(pair => pair.Key, StringComparer.Ordinal), found.OrderBy(pair => pair.Key, StringComparer.Ordinal));
    }
}
