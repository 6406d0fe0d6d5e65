namespace Beret.Text.Pipeline;

/// <summary>WordPiece for words that other steps than BERT's have cut: the longest piece from the left, again and again.</summary>
internal sealed class WordPieceModel(WordPieceTrie trie, int unknown, int wordLimit) : SplitModel
{
    public override void Append(AlignedText text, Split part, int word, PipelineScratch scratch, TokenBuffer buffer)
    {
        var first = buffer.Count;
        var root = WordPieceTrie.WordStart;
        var at = IsTooLong(text.Units[part.From..part.To]) ? -1 : part.From;
        while (at >= 0 && at < part.To)
        {
            var id = trie.Longest(root, text.Units[at..part.To], out var length);
            if (id < 0)
            {
                at = -1;
                break;
            }

            buffer.Append(id, text.Starts[at], text.Ends[at + length - 1], word);
            at += length;
            root = WordPieceTrie.WordRest;
        }

        if (at < 0)
        {
            buffer.Shrink(first);
            buffer.Append(unknown, text.Starts[part.From], text.Ends[part.To - 1], word);
        }
    }

    private bool IsTooLong(ReadOnlySpan<char> units)
    {
        var scalars = 0;
        foreach (var unit in units)
        {
            scalars += char.IsLowSurrogate(unit) ? 0 : 1;
        }

        return scalars > wordLimit;
    }
}
