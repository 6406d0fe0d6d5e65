using Beret.Text;

namespace Beret.Tests.Text;

/// <summary>A tokenizer beside the naive one of the same vocabulary, flavour and case.</summary>
internal sealed class NaiveComparison(string vocabulary, bool lowerCase, TokenizerFlavour flavour)
{
    private readonly Tokenizer tokenizer = Tokenizer.FromVocabulary(vocabulary, lowerCase, flavour);
    private readonly NaiveTokenizer naive = new(vocabulary, lowerCase, flavour);
    private readonly EncodeOptions options = new() { AddSpecialTokens = false };
    private readonly TokenBuffer buffer = new();

    /// <summary>Asserts equal ids, words and places.</summary>
    public void AssertSame(string text, int number)
    {
        var (scalars, units) = Scalars(text);
        var expected = naive.Tokenize(scalars);
        tokenizer.Encode(text, options, buffer);
        var fixture = new FixtureText(number, "random", $"{vocabulary} {flavour.Format()}", text);
        TokenFixtures.AssertIds([.. expected.Select(t => t.Id)], buffer.Ids, fixture, "ids");
        TokenFixtures.AssertIds([.. expected.Select(t => t.Word)], buffer.Words, fixture, "words");
        TokenFixtures.AssertIds([.. expected.Select(t => units[t.Start])], buffer.Starts, fixture, "starts");
        TokenFixtures.AssertIds([.. expected.Select(t => units[t.End])], buffer.Ends, fixture, "ends");
    }

    /// <summary>The scalars of a text, lone surrogates as U+FFFD, and the UTF-16 place of each and of the end.</summary>
    private static (int[] Scalars, int[] Units) Scalars(string text)
    {
        var scalars = new List<int>();
        var units = new List<int>();
        for (var i = 0; i < text.Length;)
        {
            units.Add(i);
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                scalars.Add(char.ConvertToUtf32(text[i], text[i + 1]));
                i += 2;
            }
            else
            {
                scalars.Add(char.IsSurrogate(text[i]) ? 0xFFFD : text[i]);
                i++;
            }
        }

        units.Add(text.Length);
        return ([.. scalars], [.. units]);
    }
}
