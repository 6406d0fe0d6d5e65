using Beret.Text.Vocabularies;

namespace Beret.Text;

/// <summary>How well a tokenizer's vocabulary suits texts: the tokens that it needs for a word, and the words that it does not know. Not thread-safe.</summary>
/// <param name="tokenizer">The tokenizer. Words are counted as BERT splits them: a punctuation mark is a word.</param>
public sealed class VocabularyMeasure(Tokenizer tokenizer)
{
    private static readonly EncodeOptions WithoutSpecialTokens = new() { AddSpecialTokens = false };

    private readonly WordSplitter splitter = new(VocabularyType.WordPiece, tokenizer.LowerCase);
    private readonly TokenBuffer buffer = new();

    /// <summary>The texts added.</summary>
    public long Texts { get; private set; }

    /// <summary>The words in them.</summary>
    public long Words { get; private set; }

    /// <summary>The tokens they became.</summary>
    public long Tokens { get; private set; }

    /// <summary>The tokens among them that stand for what the vocabulary cannot spell.</summary>
    public long Unknown { get; private set; }

    /// <summary>The mean number of tokens of a word.</summary>
    public double TokensPerWord => Tokens / (double)Math.Max(1, Words);

    /// <summary>The share of the tokens that are unknown, from 0 to 1.</summary>
    public double UnknownRate => Unknown / (double)Math.Max(1, Tokens);

    /// <summary>Adds a text.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        Texts++;
        splitter.Split(text, this, static (measure, _) => measure.Words++);
        tokenizer.Encode(text, WithoutSpecialTokens, buffer);
        Tokens += buffer.Count;
        if (tokenizer.UnknownId is { } unknown)
        {
            Unknown += buffer.Ids.Count(unknown);
        }
    }
}
