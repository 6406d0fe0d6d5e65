namespace Beret.Text;

/// <summary>Everything but the vocabulary that decides the ids, and what a folder said that does not.</summary>
internal sealed class TokenizerSettings
{
    public const int HuggingFaceWordLimit = 100;

    /// <summary>The work for a word grows with the square of its length in the worst case.</summary>
    public const int LargestWordLimit = 10_000;

    public TokenizerFlavour Flavour { get; set; } = TokenizerFlavour.HuggingFace;

    public bool LowerCase { get; set; } = true;

    /// <summary>Null follows <see cref="LowerCase"/>.</summary>
    public bool? StripAccents { get; set; }

    /// <summary>ALBERT's remove_space: white space is collapsed before SentencePiece sees it.</summary>
    public bool RemoveSpace { get; set; } = true;

    public bool SpaceChinese { get; set; } = true;

    public bool CleanText { get; set; } = true;

    /// <summary>Hugging Face's max_input_chars_per_word; the other flavours have limits of their own.</summary>
    public int WordLimit { get; set; } = HuggingFaceWordLimit;

    public string ContinuingPrefix { get; set; } = "##";

    /// <summary>Whether text goes through BERT's normalizer alone, which lower case, accents, Chinese and cleaning are settings of.</summary>
    public bool HasBertNormalizer { get; set; } = true;

    /// <summary>Overrides what the steps say about a space before the text.</summary>
    public bool? AddPrefixSpace { get; set; }

    /// <summary>The name of the tokenizer's class in transformers; null where none is named.</summary>
    public string? Class { get; set; }

    /// <summary>The class without "Tokenizer" or "TokenizerFast": "Bert", "Roberta".</summary>
    public string? Family => Class is null ? null
        : Class.EndsWith("TokenizerFast", StringComparison.Ordinal) ? Class[..^"TokenizerFast".Length]
        : Class.EndsWith("Tokenizer", StringComparison.Ordinal) ? Class[..^"Tokenizer".Length] : Class;

    /// <summary>The tokens that the files name for a role; null where they do not.</summary>
    public string? Unknown { get; set; }

    public string? Classification { get; set; }

    public string? Separator { get; set; }

    public string? Padding { get; set; }

    public string? Mask { get; set; }

    public int? ModelMaxLength { get; set; }

    /// <summary>Tokens cut out of the raw text, by content.</summary>
    public Dictionary<string, AddedToken> Added { get; } = new(StringComparer.Ordinal);

    /// <summary>Further special tokens that the files name, and what for; their ids are among the added tokens or in the vocabulary.</summary>
    public List<(string Name, string Role)> Additional { get; } = [];

    public List<string> Notes { get; } = [];

    /// <summary>Refuses what the flavour's own program does not have.</summary>
    public void Validate()
    {
        if (Flavour == TokenizerFlavour.HuggingFace)
        {
            return;
        }

        if (Flavour == TokenizerFlavour.SentencePiece)
        {
            throw new TokenizerException("the raw flavour is that of SentencePiece models; a WordPiece vocabulary has the flavours tf, hf and google");
        }

        var name = Flavour.Format();
        if (StripAccents is { } strip && strip != LowerCase)
        {
            throw new TokenizerException(
                $"strip_accents {(strip ? "true" : "false")} is not supported by the {name} flavour, where it goes with do_lower_case");
        }

        if (!SpaceChinese)
        {
            throw new TokenizerException(
                $"tokenize_chinese_chars false is not supported by the {name} flavour, which always splits Chinese characters");
        }

        if (!CleanText)
        {
            throw new TokenizerException($"clean_text false is not supported by the {name} flavour");
        }
    }
}
