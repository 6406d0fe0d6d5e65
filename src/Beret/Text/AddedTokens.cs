using System.Buffers;
using Beret.Text.Pipeline;

namespace Beret.Text;

/// <summary>A token that is cut out of the text before the model sees it, as Hugging Face does with special tokens.</summary>
/// <param name="Content">How it is written.</param>
/// <param name="Id">Its id.</param>
/// <param name="StripLeft">Whether it takes the white space before it.</param>
/// <param name="StripRight">Whether it takes the white space after it.</param>
/// <param name="Special">Whether it is one of the model's own, which no text means.</param>
/// <param name="Normalized">Whether it is looked for in the normalised text.</param>
/// <param name="SingleWord">Whether it counts only where no letter touches it.</param>
internal sealed record AddedToken(
    string Content, int Id, bool StripLeft = false, bool StripRight = false, bool Special = true, bool Normalized = false, bool SingleWord = false);

/// <summary>Finds added tokens in a text: the leftmost, of several at one place the longest.</summary>
internal sealed class AddedTokens
{
    private readonly AddedToken[] tokens;
    private readonly WordPieceTrie trie;
    private readonly SearchValues<char> first;

    private AddedTokens(AddedToken[] tokens)
    {
        this.tokens = tokens;
        trie = new WordPieceTrie(tokens.Select((token, index) => KeyValuePair.Create(token.Content, index)), []);
        first = SearchValues.Create([.. tokens.Select(t => t.Content[0])]);
    }

    /// <summary>A finder of these tokens; null where there are none to find.</summary>
    public static AddedTokens? Of(IEnumerable<AddedToken> tokens) =>
        tokens.Where(t => t.Content.Length > 0).ToArray() is { Length: > 0 } some ? new AddedTokens(some) : null;

    /// <summary>The next added token, with the white space that it takes with it.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="cursor">Where to look from; then the place after the token itself.</param>
    /// <param name="taken">The end of the match before, whose white space is gone.</param>
    /// <param name="match">What was found.</param>
    public bool Find(ReadOnlySpan<char> text, ref int cursor, int taken, out (int Id, int Start, int End) match)
    {
        for (int next; (next = text[cursor..].IndexOfAny(first)) >= 0;)
        {
            var start = cursor + next;
            var index = trie.Longest(WordPieceTrie.WordStart, text[start..], out var length);
            cursor = index < 0 ? start + 1 : start + length;
            if (index < 0 || (tokens[index].SingleWord && TouchesWord(text, start, start + length)))
            {
                continue;
            }

            var token = tokens[index];
            var end = start + length;
            while (token.StripLeft && start > taken && Scalars.IsWhite(text[start - 1]))
            {
                start--;
            }

            while (token.StripRight && end < text.Length && Scalars.IsWhite(text[end]))
            {
                end++;
            }

            match = (token.Id, start, end);
            return true;
        }

        match = default;
        return false;
    }

    private static bool TouchesWord(ReadOnlySpan<char> text, int start, int end) =>
        (start > 0 && ScalarClasses.IsWord(Scalars.Before(text, start))) || (end < text.Length && ScalarClasses.IsWord(Scalars.At(text, end, out _)));
}
