namespace Beret.Text;

/// <summary>How a text or a pair is cut and packed.</summary>
public sealed record EncodeOptions
{
    /// <summary>No limit, with special tokens.</summary>
    public static EncodeOptions Default { get; } = new();

    /// <summary>
    /// The most tokens of the result, special tokens included; null never truncates. Packing is the flavour's own (see <see cref="Tokenizer"/>).
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>Which tokens of a text that is too long are kept; of a pair, within each text, after the room was divided between the two.</summary>
    public Truncation Truncation { get; init; } = Truncation.Head;

    /// <summary>How the room is divided between the texts of a pair.</summary>
    public PairTruncation PairTruncation { get; init; } = PairTruncation.LongestFirst;

    /// <summary>Whether [CLS] and [SEP] are added.</summary>
    public bool AddSpecialTokens { get; init; } = true;
}
