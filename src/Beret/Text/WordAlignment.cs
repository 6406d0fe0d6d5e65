namespace Beret.Text;

/// <summary>Which tokens of one tokenization of a text stand where a word of another does. The words of a text are found by their places in it, so the two may have any vocabularies.</summary>
internal static class WordAlignment
{
    /// <summary>Gives all tokens of a word the tokens that touch the word in the other tokenization.</summary>
    /// <param name="tokens">Of the text, without special tokens.</param>
    /// <param name="others">Of the same text, without special tokens.</param>
    /// <param name="ranges">For each of <paramref name="tokens"/> the first of <paramref name="others"/> and the one after the last; they are equal where none touches.</param>
    public static void Align(TokenBuffer tokens, TokenBuffer others, Span<(int First, int End)> ranges) => Align(tokens, 0..tokens.Count, others, 0..others.Count, ranges);

    /// <summary>The same for a part of each tokenization.</summary>
    /// <param name="tokens">Of the text.</param>
    /// <param name="part">Those of them to align, none of which is special.</param>
    /// <param name="others">Of the same text.</param>
    /// <param name="otherPart">Those that they are to be found among, none of which is special.</param>
    /// <param name="ranges">For each token of the part, as numbers in <paramref name="others"/>.</param>
    public static void Align(TokenBuffer tokens, Range part, TokenBuffer others, Range otherPart, Span<(int First, int End)> ranges)
    {
        var starts = tokens.Starts[part];
        var ends = tokens.Ends[part];
        var words = tokens.Words[part];
        var (first, last) = (otherPart.Start.Value, otherPart.End.Value);
        for (var i = 0; i < words.Length;)
        {
            var (start, stop, word) = (starts[i], ends[i], words[i]);
            var next = i + 1;
            for (; next < words.Length && words[next] == word; next++)
            {
                stop = Math.Max(stop, ends[next]);
            }

            while (first < last && others.Ends[first] <= start)
            {
                first++;
            }

            var end = first;
            while (end < last && others.Starts[end] < stop)
            {
                end++;
            }

            ranges[i..next].Fill((first, end));
            i = next;
        }
    }
}
