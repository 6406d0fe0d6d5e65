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

    /// <summary>
    /// With <see cref="Truncation.Windows"/>: how many tokens of the text a window has in common with the one before it (Hugging Face's stride); at most half of
    /// <see cref="MaxLength"/>, so that no token is read more than twice but for the last window's. Null for a quarter of it. A window that holds fewer than twice as
    /// many tokens of the text has half of them in common.
    /// </summary>
    public int? WindowOverlap { get; init; }

    /// <summary>With <see cref="Truncation.Windows"/>: the most windows of a text. Where it has more, so many of them are taken, spread evenly, the first and the last among them. Null for all.</summary>
    public int? MostWindows { get; init; }

    /// <summary>How the room is divided between the texts of a pair.</summary>
    public PairTruncation PairTruncation { get; init; } = PairTruncation.LongestFirst;

    /// <summary>Whether [CLS] and [SEP] are added.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>The overlap in use.</summary>
    internal int Overlap => WindowOverlap ?? UsualOverlap(MaxLength ?? 0);

    /// <summary>The largest <see cref="WindowOverlap"/> at a maximum length.</summary>
    public static int LargestOverlap(int maxLength) => maxLength / 2;

    /// <summary>The overlap of windows of a maximum length where none is given.</summary>
    public static int UsualOverlap(int maxLength) => maxLength / 4;
}
