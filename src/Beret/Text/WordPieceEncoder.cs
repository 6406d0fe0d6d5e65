using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;
using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>How long a word may be before it is unknown as a whole.</summary>
internal readonly record struct WordLimit(int Length, bool InUtf8Bytes);

/// <summary>
/// Text to pieces: splits words and takes the longest piece from the left, again and again. Words of ASCII letters and digits are cut, folded and
/// looked up 16 characters at a time; everything else goes through the <see cref="Normalizer"/>.
/// </summary>
internal sealed class WordPieceEncoder : TextEncoder
{
    private readonly Normalizer normalizer;
    private readonly WordPieceTrie trie;
    private readonly AsciiWords asciiWords;
    private readonly AddedTokens? added;
    private readonly WordLimit limit;
    private readonly int unknown;
    private readonly AsciiSplitter splitter;

    public WordPieceEncoder(ScalarRules rules, WordPieceTrie trie, AsciiWords asciiWords, AddedTokens? added, WordLimit limit, int unknown)
    {
        splitter = new AsciiSplitter(rules);
        normalizer = new Normalizer(rules);
        this.trie = trie;
        this.asciiWords = asciiWords;
        this.added = added;
        this.limit = limit;
        this.unknown = unknown;
    }

    /// <inheritdoc/>
    public override void Append(ReadOnlySpan<char> text, TokenBuffer buffer)
    {
        var word = 0;
        if (added is null)
        {
            AppendPart(text, 0, text.Length, ref word, buffer);
            return;
        }

        var (from, cursor) = (0, 0);
        while (added.Find(text, ref cursor, from, out var match))
        {
            AppendPart(text, from, match.Start, ref word, buffer);
            buffer.Append(match.Id, match.Start, match.End, word++);
            from = match.End;
        }

        AppendPart(text, from, text.Length, ref word, buffer);
    }

    private void AppendPart(ReadOnlySpan<char> whole, int from, int to, ref int word, TokenBuffer buffer)
    {
        // Offsets count from the start of the text; what is left of `from` is of no concern (only original BERT looks back, and it cuts nothing out).
        var text = whole[..to];
        var window = buffer.Scratch<WordPieceScratch>().Window;
        for (var i = from; i < to;)
        {
            var read = splitter.Split(text[i..], window);
            if (read == 0)
            {
                i = Stretch(text, i, ref word, buffer);
                continue;
            }

            Words(text, i, window, ref word, buffer);
            i += read;
        }
    }

    private void Words(ReadOnlySpan<char> text, int origin, AsciiWindow window, ref int word, TokenBuffer buffer)
    {
        asciiWords.FindAll(window);
        var starts = window.Starts.AsSpan(0, window.Count);
        var ends = window.Ends.AsSpan(0, window.Count);
        var ids = window.Ids.AsSpan(0, window.Count);
        for (var k = 0; k < starts.Length; k++)
        {
            if (ids[k] >= 0)
            {
                buffer.Append(ids[k], origin + starts[k], origin + ends[k], word++);
            }
            else
            {
                OtherWord(text, origin, window, starts[k], ends[k] - starts[k], ref word, buffer);
            }
        }
    }

    private void OtherWord(ReadOnlySpan<char> text, int origin, AsciiWindow window, int start, int length, ref int word, TokenBuffer buffer)
    {
        if (length > AsciiWords.MaxLength)
        {
            Stretch(text, origin + start, ref word, buffer);
            return;
        }

        var key = AsciiWords.Key(window, start, length);
        if (Vector128.EqualsAny(key, Vector128<byte>.AllBitsSet))
        {
            Stretch(text, origin + start, ref word, buffer);
            return;
        }

        var id = asciiWords.Find(key);
        if (id >= 0)
        {
            buffer.Append(id, origin + start, origin + start + length, word++);
            return;
        }

        Span<char> units = stackalloc char[16];
        var (low, high) = Vector128.Widen(key);
        ref var target = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(units));
        low.StoreUnsafe(ref target);
        high.StoreUnsafe(ref target, 8);
        Word(units[..length], new PlainRange(origin + start), word++, buffer);
    }

    /// <summary>The general way: normalise a stretch, then split it.</summary>
    private int Stretch(ReadOnlySpan<char> text, int start, ref int word, TokenBuffer buffer)
    {
        var normal = buffer.Scratch<WordPieceScratch>().Normal;
        var end = normalizer.Stretch(text, start, normal);
        var units = normal.Units;
        var kinds = normal.Kinds;
        var i = 0;
        while (i < units.Length)
        {
            var from = i;
            switch (kinds[i])
            {
                case UnitKind.Space:
                    i++;
                    continue;
                case UnitKind.Alone:
                    i += char.IsHighSurrogate(units[i]) ? 2 : 1;
                    break;
                default:
                    while (i < units.Length && kinds[i] == UnitKind.Letter)
                    {
                        i++;
                    }

                    break;
            }

            Word(units[from..i], new MappedRange(normal.Starts[from..i], normal.Ends[from..i]), word++, buffer);
        }

        return end;
    }

    private void Word<TRange>(ReadOnlySpan<char> units, TRange range, int word, TokenBuffer buffer)
        where TRange : IRange, allows ref struct
    {
        if (units.Length > limit.Length || limit.InUtf8Bytes)
        {
            if (IsOverLimit(units))
            {
                buffer.Append(unknown, range.Start(0), range.End(units.Length - 1), word);
                return;
            }
        }

        var first = buffer.Count;
        var root = WordPieceTrie.WordStart;
        var i = 0;
        while (i < units.Length)
        {
            var id = trie.Longest(root, units[i..], out var length);
            if (id < 0)
            {
                buffer.Shrink(first);
                buffer.Append(unknown, range.Start(0), range.End(units.Length - 1), word);
                return;
            }

            buffer.Append(id, range.Start(i), range.End(i + length - 1), word);
            i += length;
            root = WordPieceTrie.WordRest;
        }
    }

    private bool IsOverLimit(ReadOnlySpan<char> units)
    {
        if (limit.InUtf8Bytes)
        {
            return units.Length * 3L > limit.Length && Encoding.UTF8.GetByteCount(units) > limit.Length;
        }

        var scalars = 0;
        foreach (var unit in units)
        {
            scalars += char.IsLowSurrogate(unit) ? 0 : 1;
        }

        return scalars > limit.Length;
    }

    /// <summary>Where the units of a word lie in the source.</summary>
    private interface IRange
    {
        int Start(int unit);

        int End(int unit);
    }

    private readonly struct PlainRange(int start) : IRange
    {
        public int Start(int unit) => start + unit;

        public int End(int unit) => start + unit + 1;
    }

    private readonly ref struct MappedRange(ReadOnlySpan<int> starts, ReadOnlySpan<int> ends) : IRange
    {
        private readonly ReadOnlySpan<int> starts = starts;
        private readonly ReadOnlySpan<int> ends = ends;

        public int Start(int unit) => starts[unit];

        public int End(int unit) => ends[unit];
    }
}

/// <summary>The working memory of <see cref="WordPieceEncoder"/>.</summary>
internal sealed class WordPieceScratch
{
    public AsciiWindow Window { get; } = new();

    public NormalizedText Normal { get; } = new();
}
