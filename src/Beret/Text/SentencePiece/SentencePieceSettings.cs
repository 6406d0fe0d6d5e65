namespace Beret.Text.SentencePiece;

/// <summary>Everything but the model that decides the ids of a SentencePiece tokenizer, and what a folder said that does not.</summary>
internal sealed record SentencePieceSettings
{
    public TokenizerFlavour Flavour { get; init; } = TokenizerFlavour.HuggingFace;

    public bool LowerCase { get; init; } = true;

    /// <summary>Null follows <see cref="LowerCase"/>. The original ALBERT always drops accents, SentencePiece alone never does.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Hugging Face's remove_space: white space by Python's idea of it is collapsed before anything else.</summary>
    public bool RemoveSpace { get; init; } = true;

    public string Classification { get; init; } = "[CLS]";

    public string Separator { get; init; } = "[SEP]";

    public string Padding { get; init; } = "<pad>";

    public string Mask { get; init; } = "[MASK]";

    public int? ModelMaxLength { get; init; }

    /// <summary>Tokens that the model does not have, or that are cut out of a text as special tokens are.</summary>
    public IReadOnlyList<AddedToken> Added { get; init; } = [];

    public IReadOnlyList<string> Notes { get; init; } = [];
}
