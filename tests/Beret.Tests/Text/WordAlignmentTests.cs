using Beret.Tests.Checkpoints;
using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>Two tokenizations of one text, matched by the places of its words.</summary>
public sealed class WordAlignmentTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]

    // One cuts movies and is, the other great and terrible.
    [InlineData("the movies is great", "0-1 1-2 1-2 2-3 2-3 3-5")]
    [InlineData("great", "0-2")]
    [InlineData("movies", "0-1 0-1")]
    [InlineData("", "")]
    public void All_tokens_of_a_word_get_all_tokens_of_the_word(string text, string expected) => Assert.Equal(expected, Align(text, lowerCase: true));

    [Fact]
    public void What_the_other_does_not_know_is_its_unknown_token() => Assert.Equal("0-1 1-2 2-3", Align("the zebra the", lowerCase: true));

    // Accents and control characters, which only one of the two drops, shift nothing: places count.
    [Fact]
    public void Places_are_those_of_the_text_itself() => Assert.Equal("0-1 1-2 1-2 2-4", Align("thé \u0001 \u200bmovies  great", lowerCase: true));

    [Fact]
    public void A_word_that_the_other_leaves_out_gets_nothing()
    {
        var (tokens, others) = (new TokenBuffer(), new TokenBuffer());
        (int Id, int Start, int End, int Word)[] own = [(1, 0, 3, 0), (2, 4, 6, 1), (3, 6, 8, 1), (4, 9, 12, 2)];
        foreach (var (id, start, end, word) in own)
        {
            tokens.Append(id, start, end, word);
        }

        others.Append(7, 0, 3, 0);
        others.Append(8, 9, 12, 1);
        var ranges = new (int First, int End)[4];
        WordAlignment.Align(tokens, others, ranges);
        Assert.Equal([(0, 1), (1, 1), (1, 1), (1, 2)], ranges);
    }

    [Fact]
    public void A_token_over_several_words_belongs_to_each()
    {
        var (tokens, others) = (new TokenBuffer(), new TokenBuffer());
        tokens.Append(1, 0, 3, 0);
        tokens.Append(2, 4, 6, 1);
        tokens.Append(3, 7, 9, 2);
        others.Append(7, 0, 6, 0);
        others.Append(8, 7, 9, 1);
        var ranges = new (int First, int End)[3];
        WordAlignment.Align(tokens, others, ranges);
        Assert.Equal([(0, 1), (0, 1), (1, 2)], ranges);
    }

    private string Align(string text, bool lowerCase)
    {
        var (tokens, others) = (new TokenBuffer(), new TokenBuffer());
        Encode("one", ["the", "movie", "##s", "i", "##s", "great"], tokens);
        Encode("other", ["the", "movies", "is", "gr", "##eat"], others);
        var ranges = new (int First, int End)[tokens.Count];
        WordAlignment.Align(tokens, others, ranges);
        return string.Join(' ', ranges.Select(range => $"{range.First}-{range.End}"));

        void Encode(string name, string[] words, TokenBuffer buffer)
        {
            temporary.Write($"{name}/vocab.txt", string.Join('\n', (string[])["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. words]) + "\n");
            Tokenizer.FromVocabulary(temporary[name, "vocab.txt"], lowerCase, TokenizerFlavour.HuggingFace).Encode(text, new EncodeOptions { AddSpecialTokens = false }, buffer);
        }
    }
}
