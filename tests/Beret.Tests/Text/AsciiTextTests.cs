using System.Text;
using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>
/// Texts that are mostly ASCII have a faster way, which reads 64 characters at a time and a window of them at once: it gives the tokens, places and
/// words of the naive tokenizer wherever a word lies in these, and whatever stands beside it.
/// </summary>
public class AsciiTextTests
{
    private const int Texts = 700;

    [Theory]
    [InlineData("bert-base-uncased", true, "hf")]
    [InlineData("bert-base-cased", false, "hf")]
    [InlineData("bert-base-uncased", true, "tf")]
    [InlineData("bert-base-cased", false, "tf")]
    [InlineData("bert-base-uncased", true, "google")]
    [InlineData("bert-base-cased", false, "google")]
    public void TextsOfEveryLengthAreTokenizedAsTheRulesSay(string model, bool lowerCase, string flavour)
    {
        var vocabulary = TokenFixtures.VocabularyPath(model);
        var comparison = new NaiveComparison(vocabulary, lowerCase, TokenizerFlavours.Parse(flavour));
        var texts = new RandomAsciiTexts(20261123, File.ReadAllText(vocabulary).Split('\n'));
        for (var i = 0; i < Texts; i++)
        {
            comparison.AssertSame(texts.Next(), i);
        }
    }

    [Theory]
    [InlineData("bert-base-uncased", true)]
    [InlineData("bert-base-cased", false)]
    public void EveryWordOfTheVocabularyIsItsOwnToken(string model, bool lowerCase)
    {
        var path = TokenFixtures.VocabularyPath(model);
        var tokenizer = Tokenizer.FromVocabulary(path, lowerCase, TokenizerFlavour.HuggingFace);
        var words = File.ReadAllText(path).Split('\n').Where(word => word.Length > 0 && word.All(char.IsAsciiLetterOrDigit)).ToArray();
        var buffer = new TokenBuffer();
        tokenizer.Encode(string.Join(' ', words), new EncodeOptions { AddSpecialTokens = false }, buffer);
        Assert.Equal(words, buffer.Ids.ToArray().Select(tokenizer.Token));
    }

    [Fact]
    public void AControlCharacterThatIsNotCleanedAwayBelongsToItsWord()
    {
        var settings = new TokenizerSettings { CleanText = false };
        var tokenizer = WordPieceTokenizer.Create(settings, new Vocabulary(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ab", "cd"]), "test");
        Assert.Equal(["[UNK]", "cd", "[UNK]", "ab"], tokenizer.Encode("ab\0 cd \u0001cd ab", null, new EncodeOptions { AddSpecialTokens = false }).Ids.Select(tokenizer.Token));
    }
}

/// <summary>Random texts of ASCII words, white space and punctuation, with a little of everything else, of lengths about those that are read at once.</summary>
internal sealed class RandomAsciiTexts(int seed, string[] vocabulary)
{
    private static readonly string[] Rare = ["é", "\u0301", "ﬁ", "一", "\U0001F600", "\uD800", "\u00A0", "Σ", "\0", "\u007F", "\u0001", "\u0080", "\u0100", "ÿ", "\u8041"];

    private readonly Random random = new(seed);

    public string Next()
    {
        var block = random.Next(4) switch { 0 => 16, 1 => 64, 2 => AsciiWindow.Length, _ => 2 * AsciiWindow.Length };
        var length = random.Next(3) == 0 ? random.Next(300) : block + random.Next(-3, 4);
        var (rare, longest) = (random.Next(2) == 0 ? 0 : random.Next(2, 40), random.Next(8) == 0 ? AsciiWindow.Length + 40 : 24);
        var text = new StringBuilder();
        while (text.Length < length)
        {
            if (rare > 0 && random.Next(rare) == 0)
            {
                text.Append(Rare[random.Next(Rare.Length)]);
                continue;
            }

            switch (random.Next(8))
            {
                case 0 or 1:
                    text.Append(vocabulary[random.Next(vocabulary.Length)]);
                    break;
                case 2 or 3 or 4:
                    text.Append(' ', random.Next(10) == 0 ? random.Next(80) : 1);
                    break;
                case 5:
                    text.Append((char)random.Next(0x20, 0x7F));
                    break;
                default:
                    // A run of letters and digits, some of them capitals.
                    for (var letters = random.Next(20) == 0 ? random.Next(longest) : random.Next(1, 20); letters > 0; letters--)
                    {
                        text.Append("abcdeinorstABZ019"[random.Next(17)]);
                    }

                    break;
            }
        }

        return text.ToString(0, Math.Min(text.Length, Math.Max(length, 0)));
    }
}
