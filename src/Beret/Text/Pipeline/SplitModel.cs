namespace Beret.Text.Pipeline;

/// <summary>Cuts a part of a text into tokens ("model" of a tokenizer.json). It never changes after it was made, but for what it remembers.</summary>
internal abstract class SplitModel
{
    /// <summary>Appends the tokens of a part, which is not empty.</summary>
    public abstract void Append(AlignedText text, Split part, int word, PipelineScratch scratch, TokenBuffer buffer);
}

/// <summary>The working memory of a pipeline.</summary>
internal sealed class PipelineScratch
{
    public SplitText Parts { get; } = new();

    public MergeQueue Merges { get; } = new();

    public UnigramLattice Lattice { get; } = new();
}

/// <summary>Turns places counted in UTF-8 bytes, as Hugging Face's models count, into ranges of the source. Places only grow.</summary>
internal ref struct ByteRanges(AlignedText text, Split part)
{
    private readonly ReadOnlySpan<char> units = text.Units[..part.To];
    private readonly ReadOnlySpan<int> starts = text.Starts;
    private readonly ReadOnlySpan<int> ends = text.Ends;
    private int at = part.From;
    private int bytes;

    /// <summary>The range of the source from the scalar that has the byte at <paramref name="from"/> to the one that has the byte before <paramref name="to"/>.</summary>
    public (int Start, int End) Next(int from, int to)
    {
        Seek(from);
        var start = starts[at];
        Seek(to - 1);
        return (start, ends[at]);
    }

    private void Seek(int place)
    {
        while (true)
        {
            var length = Scalars.Utf8Length(Scalars.At(units, at, out var after));
            if (bytes + length > place || after == units.Length)
            {
                return;
            }

            (at, bytes) = (after, bytes + length);
        }
    }
}
