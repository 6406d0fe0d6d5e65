using System.Text;
using Beret.Text.Unicode;

namespace Beret.Text.SentencePiece;

/// <summary>
/// Text to pieces: what the flavour's program does before, the model's own normalisation, the best cut. Offsets are those of the characters; a space
/// that a piece begins with (▁) does not count, unless it is all of the piece.
/// </summary>
internal sealed class SentencePieceEncoder : TextEncoder
{
    private readonly ModelNormalizer normalizer;
    private readonly Unigram unigram;
    private readonly int unknownId;

    public SentencePieceEncoder(ModelNormalizer normalizer, Unigram unigram, int unknownId)
    {
        this.normalizer = normalizer;
        this.unigram = unigram;
        this.unknownId = unknownId;
    }

    /// <summary>What happens to a text before the model's normalisation; null where nothing does.</summary>
    public ITextFold? Fold { get; init; }

    /// <summary>The tokens that are cut out of the raw text; null where none are.</summary>
    public SpecialTokenFinder? SpecialTokens { get; init; }

    /// <summary>
    /// The pieces' names, where the program goes from pieces to ids by name, as those in Python do: they also cut a piece that ends in a digit and a
    /// comma again ("1999," is "1999" and ","). Null elsewhere.
    /// </summary>
    public Vocabulary? Names { get; init; }

    public override void Append(ReadOnlySpan<char> text, TokenBuffer buffer)
    {
        var memory = buffer.Scratch<SentencePieceMemory>();
        var (words, from) = (0, 0);
        while (SpecialTokens is not null && SpecialTokens.Find(text, from, out var match))
        {
            AppendPart(text[from..match.Start], from, ref words, memory, buffer);
            buffer.Append(match.Id, match.Start, match.End, words++);
            from = match.End;
        }

        AppendPart(text[from..], from, ref words, memory, buffer);
    }

    private void AppendPart(ReadOnlySpan<char> text, int offset, ref int words, SentencePieceMemory memory, TokenBuffer buffer)
    {
        var folded = text;
        if (Fold is not null)
        {
            Fold.Apply(text, memory.Folded);
            folded = memory.Folded.Units;
        }

        normalizer.Apply(folded, memory.Normal);
        var pieces = new Pieces(unigram.Cut(memory.Normal.Units, memory.Paths), unknownId);
        var source = new Source(memory.Normal, Fold is null ? null : memory.Folded, offset, normalizer.Space);
        var first = true;
        while (pieces.Next(out var piece))
        {
            var units = memory.Normal.Units[piece.Start..piece.End];
            if (first || units[0] == normalizer.Space)
            {
                words++;
            }

            first = false;
            if (Names is not null && EndsInDigitAndComma(units))
            {
                AppendNumber(units, piece.Start, source, words - 1, memory, buffer);
                continue;
            }

            var id = Names is not null && piece.Id == unknownId ? Id(units) : piece.Id;
            var (start, end) = source.Range(piece.Start, piece.End);
            buffer.Append(id, start, end, words - 1);
        }
    }

    /// <summary>A piece such as "▁1999,": what stands before the comma is encoded anew, and the comma is a piece of its own.</summary>
    private void AppendNumber(ReadOnlySpan<char> piece, int at, Source source, int word, SentencePieceMemory memory, TokenBuffer buffer)
    {
        memory.Number.Clear();
        for (var i = 0; i < piece.Length - 1; i++)
        {
            if (piece[i] != ModelNormalizer.SpaceSign)
            {
                var (from, to) = source.Range(at + i, at + i + 1);
                memory.Number.Push(piece[i], from, to);
            }
        }

        normalizer.Apply(memory.Number.Units, memory.NormalNumber);
        var units = memory.NormalNumber.Units;
        var parts = new Pieces(unigram.Cut(units, memory.NumberPaths), unknownId);
        var numberSource = new Source(memory.NormalNumber, memory.Number, 0, normalizer.Space);
        while (parts.Next(out var part))
        {
            var (id, from) = (part.Id, part.Start);
            if (from == 0 && piece[0] != ModelNormalizer.SpaceSign && units[0] == ModelNormalizer.SpaceSign)
            {
                // The space in front is one that only the new encoding has.
                if (part.End == 1)
                {
                    continue;
                }

                (id, from) = (Id(units[1..part.End]), 1);
            }

            var (start, end) = numberSource.Range(from, part.End);
            buffer.Append(id == unknownId ? Id(units[from..part.End]) : id, start, end, word);
        }

        var comma = source.Range(at + piece.Length - 1, at + piece.Length);
        buffer.Append(Id(","), comma.Start, comma.End, word);
    }

    private int Id(ReadOnlySpan<char> piece) => Names!.Spans.TryGetValue(piece, out var id) ? id : unknownId;

    private static bool EndsInDigitAndComma(ReadOnlySpan<char> piece) => piece.Length > 1 && piece[^1] == ',' && EndsInDigit(piece[..^1]);

    /// <summary>str.isdigit of the last scalar.</summary>
    private static bool EndsInDigit(ReadOnlySpan<char> text)
    {
        if (text[^1] < 128)
        {
            return char.IsAsciiDigit(text[^1]);
        }

        Rune.DecodeLastFromUtf16(text, out var rune, out _);
        return UnicodeTables.SentencePieceSet("python.digit").Contains(rune.Value);
    }

    /// <summary>The segments of a text, neighbouring unknown ones joined.</summary>
    private ref struct Pieces(ReadOnlySpan<Segment> segments, int unknownId)
    {
        private readonly ReadOnlySpan<Segment> segments = segments;
        private int next;

        public bool Next(out Segment piece)
        {
            if (next == segments.Length)
            {
                piece = default;
                return false;
            }

            piece = segments[next++];
            if (piece.Id == unknownId)
            {
                while (next < segments.Length && segments[next].Id == unknownId)
                {
                    piece = piece with { End = segments[next++].End };
                }
            }

            return true;
        }
    }

    /// <summary>Where the units of a normalised text come from, back through the fold to the text.</summary>
    private readonly ref struct Source(MappedText normal, MappedText? folded, int offset, char space)
    {
        public (int Start, int End) Range(int from, int to)
        {
            if (to - from > 1 && normal.Units[from] == space)
            {
                from++;
            }

            var (start, end) = (normal.Starts[from], normal.Ends[to - 1]);
            if (folded is not null)
            {
                // The space in front of all comes from nowhere: its range is empty.
                var first = folded.Starts[start];
                (start, end) = (first, start < end ? folded.Ends[end - 1] : first);
            }

            return (offset + start, offset + end);
        }
    }
}

/// <summary>Reused working memory of a <see cref="SentencePieceEncoder"/>.</summary>
internal sealed class SentencePieceMemory
{
    public MappedText Folded { get; } = new();

    public MappedText Normal { get; } = new();

    public UnigramPaths Paths { get; } = new();

    /// <summary>What stands before the comma of a piece that is encoded anew, with ranges in the text itself.</summary>
    public MappedText Number { get; } = new();

    public MappedText NormalNumber { get; } = new();

    public UnigramPaths NumberPaths { get; } = new();
}
