namespace Beret.Text;

/// <summary>How a trained vocabulary cuts words into pieces.</summary>
public enum VocabularyType
{
    /// <summary>BERT's: the longest piece from the left, pieces within a word marked ##; written as vocab.txt.</summary>
    WordPiece,

    /// <summary>SentencePiece's: the pieces that are together most likely, spaces kept as ▁; written as tokenizer.json.</summary>
    Unigram,
}

/// <summary>What vocabulary to train.</summary>
public sealed record VocabularyOptions
{
    /// <summary>The largest vocabulary that is trained.</summary>
    public const int LargestSize = 1_000_000;

    /// <summary>The tokens every vocabulary begins with: their ids are 0 to 4.</summary>
    internal static readonly string[] UsualSpecialTokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>The model that the vocabulary is for.</summary>
    public VocabularyType Type { get; init; } = VocabularyType.WordPiece;

    /// <summary>The number of tokens, special ones included. A text too small for so many gives fewer.</summary>
    public int Size { get; init; } = 8000;

    /// <summary>Whether text is lower-cased and stripped of accents first.</summary>
    public bool LowerCase { get; init; } = true;

    /// <summary>How often a character or a piece must occur to be taken.</summary>
    public int MinFrequency { get; init; } = 2;

    /// <summary>The most characters to know, the most frequent ones; a word with any other is unknown.</summary>
    public int AlphabetSize { get; init; } = 1000;

    /// <summary>Special tokens beside [PAD], [UNK], [CLS], [SEP] and [MASK]; they come right after these.</summary>
    public IReadOnlyList<string> SpecialTokens { get; init; } = [];

    /// <summary>Threads that compute; null for one each processor. The vocabulary does not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>All special tokens, in the order of their ids.</summary>
    internal string[] AllSpecialTokens => [.. UsualSpecialTokens, .. SpecialTokens];

    /// <exception cref="TokenizerException">A number is out of range, or a special token cannot be one.</exception>
    internal void Validate()
    {
        Require(Size is > 0 and <= LargestSize, $"a vocabulary of {Size} tokens cannot be trained; choose a size from 1 to {LargestSize}");
        Require(MinFrequency >= 1, $"the least frequency is {MinFrequency}; it must be 1 or more");
        Require(AlphabetSize is >= 1 and < ushort.MaxValue, $"an alphabet of {AlphabetSize} characters cannot be used; choose 1 to {ushort.MaxValue - 1}");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var token in AllSpecialTokens)
        {
            Require(token.Length > 0 && !token.Any(char.IsWhiteSpace), $"the special token \"{token}\" is empty or has white space, which no token may have");
            Require(seen.Add(token), $"the special token \"{token}\" is listed twice; name each once, and none of {string.Join(" ", UsualSpecialTokens)}, which are there anyway");
        }

        static void Require(bool condition, string message)
        {
            if (!condition)
            {
                throw new TokenizerException(message);
            }
        }
    }
}

/// <summary>How far the training of a vocabulary is.</summary>
/// <param name="Stage">What is being done.</param>
/// <param name="Fraction">Share of it done, from 0 to 1.</param>
public readonly record struct VocabularyProgress(string Stage, double Fraction);
