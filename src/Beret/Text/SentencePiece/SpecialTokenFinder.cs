using System.Buffers;
using Beret.Text.Unicode;

namespace Beret.Text.SentencePiece;

/// <summary>
/// Finds special tokens in a raw text as Hugging Face's Python tokenizers do: the leftmost, of several at one place the longest. Where the text is
/// lower-cased, it is so before they look, but for the special tokens in it: then "&lt;UNK&gt;" is "&lt;unk&gt;" too, and "[cls]" is not "[CLS]".
/// </summary>
internal sealed class SpecialTokenFinder
{
    private readonly AddedToken[] tokens;
    private readonly SearchValues<char> first;
    private readonly ScalarMap? lower;

    /// <param name="tokens">The tokens.</param>
    /// <param name="lowerCase">
    /// Whether the text is lower-cased; then so are the tokens that the files say are looked for in the normalised text.
    /// </param>
    /// <param name="source">The file that errors name.</param>
    /// <exception cref="TokenizerException">A token is to be found as a single word only.</exception>
    public SpecialTokenFinder(IEnumerable<AddedToken> tokens, bool lowerCase, string source)
    {
        lower = lowerCase ? UnicodeTables.SentencePieceMap("python.lower") : null;
        this.tokens =
        [
            .. tokens.Select(token => token is { Special: false, Normalized: true } ? token with { Content = Lowered(token.Content) } : token)
                .OrderByDescending(token => token.Content.Length),
        ];
        if (this.tokens.FirstOrDefault(token => token.SingleWord) is { } single)
        {
            throw new TokenizerException($"{source}: added token {Json.Quote(single.Content)} has single_word true, which is not supported");
        }

        var beginnings = this.tokens.Select(token => token.Content[0]).ToHashSet();
        var capitals = (lower?.Scalars ?? []).Where(c => c < 0x10000 && beginnings.Contains(Lowered((char)c))).Select(c => (char)c);
        first = SearchValues.Create([.. beginnings, .. capitals]);
    }

    /// <summary>The next token at or after <paramref name="from"/>.</summary>
    public bool Find(ReadOnlySpan<char> text, int from, out (int Id, int Start, int End) match)
    {
        for (var i = from; i < text.Length; i++)
        {
            var next = text[i..].IndexOfAny(first);
            if (next < 0)
            {
                break;
            }

            i += next;
            foreach (var token in tokens)
            {
                if (Begins(text[i..], token.Content))
                {
                    match = (token.Id, i, i + token.Content.Length);
                    return true;
                }
            }
        }

        match = default;
        return false;
    }

    private bool Begins(ReadOnlySpan<char> text, string token)
    {
        if (text.StartsWith(token, StringComparison.Ordinal))
        {
            return true;
        }

        if (lower is null || text.Length < token.Length)
        {
            return false;
        }

        for (var i = 0; i < token.Length; i++)
        {
            if (Lowered(text[i]) != token[i])
            {
                return false;
            }
        }

        return true;
    }

    private string Lowered(string content) => string.Concat(content.Select(Lowered));

    private char Lowered(char unit) =>
        lower is not null && lower.TryGet(unit, out var values) && values is [< 0x10000 and var one] ? (char)one : unit;
}
