using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>Over random texts of every kind of character the tokenizer gives the tokens, offsets and words of the naive one.</summary>
public class RandomTextTests
{
    private const int Texts = 4000;

    [Theory]
    [InlineData("bert-base-uncased", true, "hf")]
    [InlineData("bert-base-cased", false, "hf")]
    [InlineData("bert-base-chinese", true, "hf")]
    [InlineData("bert-base-uncased", true, "tf")]
    [InlineData("bert-base-multilingual-cased", false, "tf")]
    [InlineData("bert-base-chinese", true, "tf")]
    [InlineData("bert-base-uncased", true, "google")]
    [InlineData("bert-base-multilingual-cased", false, "google")]
    [InlineData("bert-base-multilingual-cased", true, "google")]
    public void RandomTextsAreTokenizedAsTheRulesSay(string model, bool lowerCase, string flavour)
    {
        var vocabulary = TokenFixtures.VocabularyPath(model);
        var comparison = new NaiveComparison(vocabulary, lowerCase, TokenizerFlavours.Parse(flavour));
        var texts = new RandomTexts(20240607, File.ReadAllText(vocabulary).Split('\n'));
        for (var i = 0; i < Texts; i++)
        {
            comparison.AssertSame(texts.Next(), i);
        }
    }
}

/// <summary>Random texts that mix words of a vocabulary with characters of every class the rules know, and with what is likely to go wrong.</summary>
internal sealed class RandomTexts
{
    private static readonly string[] Odd =
    [
        "[SEP]", "[CLS]", "[MASK]", "[UNK]", "[PAD]", "[sep]", "[", "]", "##", "\uD800", "\uDC00", "\uFFFD", "\0", "\t", "\r\n", "\v", "\u0085",
        "\u00A0", "\u3000", "\u2028", "\u1680", "\u00AD", "\u200B", "\u200D", "\uFEFF", "\u034F", "Σ", "ΑΣ", "ΣΣ", "Σ'", "İ", "ß", "ﬁ", "Å", "é",
        "e\u0301", "한", "각", "ᄒ", "\U0001D15E", "\U0001D160", "\U0001D165", "\U0001D16D", "\U0001D172", "\u302E", "\u302F", "\u0F73", "\uFF9F", "\u0F71",
        "\u0344", "\u1B44", "\uA953", "\u0315", "\u0334", "\u0300", "\u0316", "\U0002B820", "\U0002B8FF", "一", "\uF900", "\U0002F800", "\uE000",
        "...", "'", "\u0345", "\u1734", "\u037E", "\u1FEF", "\u0387", "\u2126", "\u00BD", "\u3392", "\uFF21", "\u07FD", "\u08D4", "\u1DF6",
        "\U0001E94A",
    ];

    private readonly Random random;
    private readonly string[] vocabulary;
    private readonly int[][] classes;

    public RandomTexts(int seed, string[] vocabulary)
    {
        random = new Random(seed);
        this.vocabulary = vocabulary;
        var unicode = NaiveTokenizer.Unicode;
        classes =
        [
            .. unicode.Hf.Values.Select(set => set.Order().ToArray()), .. unicode.Tf.Values.Select(set => set.Order().ToArray()),
            [.. unicode.HfStrip.Keys], [.. unicode.HfLower.Keys], [.. unicode.Fold.Keys], [.. unicode.Nfd.Keys], [.. unicode.Ccc.Keys],
        ];
    }

    public string Next()
    {
        var text = new System.Text.StringBuilder();
        for (var parts = random.Next(1, 30); parts > 0; parts--)
        {
            switch (random.Next(12))
            {
                case 0 or 1 or 2:
                    var token = vocabulary[random.Next(vocabulary.Length)];
                    text.Append(token.StartsWith("##", StringComparison.Ordinal) && random.Next(4) > 0 ? token[2..] : token);
                    break;
                case 3 or 4:
                    text.Append(' ');
                    break;
                case 5:
                    text.Append((char)random.Next(128));
                    break;
                case 6 or 7:
                    text.Append(Odd[random.Next(Odd.Length)]);
                    break;
                case 8 or 9:
                    var members = classes[random.Next(classes.Length)];
                    Append(text, members[random.Next(members.Length)]);
                    break;
                case 10:
                    Append(text, random.Next(0x110000));
                    break;
                default:
                    // Around the limits of a word: 100 and 200 characters, 100 bytes.
                    var unit = random.Next(3) switch { 0 => "a", 1 => "é", _ => "\U0001F600" };
                    text.Insert(text.Length, unit, random.Next(20) == 0 ? random.Next(20, 210) : random.Next(1, 40));
                    break;
            }
        }

        return text.ToString();
    }

    private static void Append(System.Text.StringBuilder text, int scalar)
    {
        if (scalar is >= 0xD800 and < 0xE000)
        {
            text.Append((char)scalar);
        }
        else
        {
            text.Append(char.ConvertFromUtf32(scalar));
        }
    }
}
