namespace Beret.Text;

/// <summary>From which text of a pair the tokens that do not fit are taken.</summary>
public enum PairTruncation
{
    /// <summary>
    /// From the longer one, token by token; at an odd room the extra token goes where the flavour gives it: to the longer text, at equal lengths
    /// the second, in Hugging Face; to the first text in TF-Text (which takes tokens of the two in turn, with the same result) and in the original
    /// BERT.
    /// </summary>
    LongestFirst,

    /// <summary>All from the first text. An error where nothing of it would be left.</summary>
    OnlyFirst,

    /// <summary>All from the second text. An error where nothing of it would be left.</summary>
    OnlySecond,
}

/// <summary>The names of the pair strategies, which are those of Hugging Face.</summary>
public static class PairTruncations
{
    /// <summary>"longest_first", "only_first" or "only_second".</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not one of the enumeration.</exception>
    public static string Format(this PairTruncation strategy) => strategy switch
    {
        PairTruncation.LongestFirst => "longest_first",
        PairTruncation.OnlyFirst => "only_first",
        PairTruncation.OnlySecond => "only_second",
        _ => throw new ArgumentOutOfRangeException(nameof(strategy), strategy, null),
    };

    /// <summary>Reads "longest_first", "only_first" or "only_second".</summary>
    /// <exception cref="TokenizerException">It is none of them.</exception>
    public static PairTruncation Parse(string name) => name switch
    {
        "longest_first" => PairTruncation.LongestFirst,
        "only_first" => PairTruncation.OnlyFirst,
        "only_second" => PairTruncation.OnlySecond,
        _ => throw new TokenizerException($"pair truncation \"{name}\" is not known; the strategies are longest_first, only_first and only_second"),
    };
}
