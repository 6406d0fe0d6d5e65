using Beret.Data;
using Beret.Text;

namespace Beret.Tokens;

/// <summary>
/// Long texts as several: pieces of as many tokens as a model reads, each with the labels of the whole. A model that reads the beginnings of texts learns from all of them so.
/// </summary>
internal static class TextChunks
{
    /// <summary>The pieces of all texts, in their order; a text that fits, and a pair, stays as it is.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="maxLength">The tokens of a piece, special tokens included.</param>
    /// <param name="overlap">How many tokens a piece has in common with the one before it; the last ends with the text and may have more.</param>
    /// <param name="threads">How many threads cut.</param>
    /// <param name="cancellation">Stops the cutting.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static LabelledTexts Of(LabelledTexts texts, Tokenizer tokenizer, int maxLength, int overlap, int threads, CancellationToken cancellation)
    {
        var options = new EncodeOptions { MaxLength = maxLength, Truncation = Truncation.Windows, WindowOverlap = overlap };
        var pieces = new Example[texts.Examples.Count][];
        TextLoop.Run(pieces.Length, threads, () => new TokenBuffer(), (i, buffer) => pieces[i] = Cut(texts.Examples[i], buffer), cancellation);
        return new LabelledTexts(texts.Labels, [.. pieces.SelectMany(some => some)], texts.Origin, texts.Notes, texts.Kind);

        Example[] Cut(Example whole, TokenBuffer buffer)
        {
            var (text, pair) = whole.Texts;
            if (pair is not null)
            {
                return [whole];
            }

            tokenizer.Encode(text, options, buffer);
            var length = buffer.Ids.Length / buffer.Windows;
            return buffer.Windows == 1 ? [whole] : [.. Enumerable.Range(0, buffer.Windows).Select(window => Piece(whole, text, buffer, window, length))];
        }
    }

    private static Example Piece(Example whole, string text, TokenBuffer buffer, int window, int length)
    {
        var (start, end) = (text.Length, 0);
        for (var token = window * length; token < (window + 1) * length; token++)
        {
            if (buffer.Ends[token] > 0)
            {
                start = Math.Min(start, buffer.Starts[token]);
                end = Math.Max(end, buffer.Ends[token]);
            }
        }

        return whole with { Text = text[start..end], Source = $"{whole.Source} [{window + 1}]" };
    }
}
