namespace Beret.Text;

/// <summary>Which tokens of one tokenization of a text stand where a word of another does. The words of a text are found by their places in it, so the two may have any vocabularies.</summary>
internal static class WordAlignment
{
    /// <summary>Gives all tokens of a word the tokens that touch the word in the other tokenization.</summary>
    /// <param name="tokens">Of the text, without special tokens.</param>
    /// <param name="others">Of the same text, without special tokens.</param>
    /// <param name="ranges">For each of <paramref name="tokens"/> the first of <paramref name="others"/> and the one after the last; they are equal where none touches.</param>
    public static void Align(TokenBuffer tokens, TokenBuffer others, Span<(int First, int End)> ranges)
    {
        var first = 0;
        for (var i = 0; i < tokens.Count;)
        {
            var (start, stop, word) = (tokens.Starts[i], tokens.Ends[i], tokens.Words[i]);
            var next = i + 1;
            for (; next < tokens.Count && tokens.Words[next] == word; next++)
            {
                stop = Math.Max(stop, tokens.Ends[next]);
            }

            while (first < others.Count && others.Ends[first] <= start)
            {
                first++;
            }

            var end = first;
            while (end < others.Count && others.Starts[end] < stop)
            {
                end++;
            }

            ranges[i..next].Fill((first, end));
            i = next;
        }
    }
}
