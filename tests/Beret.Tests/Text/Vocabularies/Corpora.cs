using Beret.Data;
using Beret.Text;

namespace Beret.Tests.Text.Vocabularies;

/// <summary>Words to train vocabularies on.</summary>
internal static class Corpora
{
    private static readonly Lazy<string[]> Lines = new(() =>
        [.. DataSource.Open(Repository.Path("samples", "reviews")).Load(DataSource.Train).Examples.Select(example => example.Text)]);

    /// <summary>The project's own sample of reviews: real text, a few thousand words.</summary>
    public static string[] Reviews => Lines.Value;

    public static WordCounter Counted(VocabularyOptions options, params IEnumerable<string> texts)
    {
        var words = new WordCounter(options);
        foreach (var text in texts)
        {
            words.Add(text);
        }

        return words;
    }

    public static Tokenizer Trained(VocabularyOptions options, params IEnumerable<string> texts) =>
        VocabularyTrainer.Train(Counted(options, texts), options, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>A word so many times.</summary>
    public static string Times(int count, string word) => string.Join(' ', Enumerable.Repeat(word, count));

    /// <summary>All tokens, in the order of their ids.</summary>
    public static string[] Tokens(this Tokenizer tokenizer) => [.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => tokenizer.Token(id)!)];

    /// <summary>A text's own tokens.</summary>
    public static string[] Pieces(this Tokenizer tokenizer, string text) =>
        [.. tokenizer.Encode(text, options: new EncodeOptions { AddSpecialTokens = false }).Ids.Select(id => tokenizer.Token(id)!)];
}
