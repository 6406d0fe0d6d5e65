namespace Beret.Text.Pipeline;

/// <summary>The regular expression of byte-level BPE (GPT-2, RoBERTa, ModernBERT), as a scanner. Its matches follow each other without a gap.</summary>
internal sealed class Gpt2Pattern : TextPattern
{
    public const string Regex = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public override bool Next(ReadOnlySpan<char> text, int from, out int start, out int end)
    {
        start = from;
        end = from;
        if (from >= text.Length)
        {
            return false;
        }

        if (text[from] == '\'' && Contraction(text[(from + 1)..]) is var length and > 0)
        {
            end = from + 1 + length;
            return true;
        }

        var first = ScalarClasses.Of(Scalars.At(text, from, out var after));
        var rest = after;
        if (text[from] == ' ' && after < text.Length && ScalarClasses.Of(Scalars.At(text, after, out var second)) is var next and not ScalarClass.White)
        {
            // A space goes with the word that follows it.
            (first, rest) = (next, second);
        }

        end = RunEnd(text, rest, first);

        // White space before a word leaves it the last character, unless that is all there is.
        if (first == ScalarClass.White && end < text.Length && end - from > 1)
        {
            end--;
        }

        return true;
    }

    private static int RunEnd(ReadOnlySpan<char> text, int at, ScalarClass of)
    {
        while (at < text.Length && ScalarClasses.Of(Scalars.At(text, at, out var after)) == of)
        {
            at = after;
        }

        return at;
    }

    /// <summary>The length of s, t, re, ve, m, ll or d at the start; 0 if it is none of them.</summary>
    private static int Contraction(ReadOnlySpan<char> text) => text switch
    {
        ['s' or 't' or 'm' or 'd', ..] => 1,
        ['r' or 'v', 'e', ..] or ['l', 'l', ..] => 2,
        _ => 0,
    };
}
