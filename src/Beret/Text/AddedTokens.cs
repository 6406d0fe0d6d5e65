using System.Buffers;

namespace Beret.Text;

/// <summary>A token that is cut out of the raw text before anything else, as Hugging Face does with special tokens.</summary>
internal sealed record AddedToken(string Content, int Id, bool StripLeft = false, bool StripRight = false, bool Special = true);

/// <summary>Finds added tokens in a text: the leftmost, of several at one place the longest.</summary>
internal sealed class AddedTokens
{
    private readonly AddedToken[] tokens;
    private readonly WordPieceTrie trie;
    private readonly SearchValues<char> first;

    public AddedTokens(IEnumerable<AddedToken> tokens)
    {
        this.tokens = [.. tokens];
        trie = new WordPieceTrie(this.tokens.Select((token, index) => KeyValuePair.Create(token.Content, index)), []);
        first = SearchValues.Create([.. this.tokens.Select(t => t.Content[0])]);
    }

    /// <summary>The next added token at or after <paramref name="from"/>, with the white space that it takes with it.</summary>
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
            var index = trie.Longest(WordPieceTrie.WordStart, text[i..], out var length);
            if (index < 0)
            {
                continue;
            }

            var token = tokens[index];
            var (start, end) = (i, i + length);
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

        match = default;
        return false;
    }

    private static bool IsWhite(char c) => Unicode.UnicodeTables.Set("hf.white").Contains(c);
}
