using System.Buffers;

namespace Beret.Text;

/// <summary>A token that is cut out of the raw text before anything else, as Hugging Face does with special tokens.</summary>
internal sealed record AddedToken(string Content, int Id, bool StripLeft = false, bool StripRight = false, bool Special = true);

/// <summary>Finds added tokens in a text: the leftmost, of several at one place the longest.</summary>
internal sealed class AddedTokens
{
    private readonly AddedToken[] _tokens;
    private readonly SearchValues<char> _first;

    public AddedTokens(IEnumerable<AddedToken> tokens)
    {
        _tokens = [.. tokens.OrderByDescending(t => t.Content.Length)];
        _first = SearchValues.Create([.. _tokens.Select(t => t.Content[0])]);
    }

    public bool Find(ReadOnlySpan<char> text, int from, out (int Id, int Start, int End) match)
    {
        for (var i = from; i < text.Length; i++)
        {
            var next = text[i..].IndexOfAny(_first);
            if (next < 0)
            {
                break;
            }

            i += next;
            foreach (var token in _tokens)
            {
                if (text[i..].StartsWith(token.Content, StringComparison.Ordinal))
                {
                    var (start, end) = (i, i + token.Content.Length);
                    while (token.StripLeft && start > from && IsWhite(text[start - 1]))
                    {
                        start--;
                    }

                    while (token.StripRight && end < text.Length && IsWhite(text[end]))
                    {
                        end++;
                    }

                    match = (token.Id, start, end);
                    return true;
                }
            }
        }

        match = default;
        return false;
    }

    private static bool IsWhite(char c) => Unicode.UnicodeTables.Set("hf.white").Contains(c);
}
