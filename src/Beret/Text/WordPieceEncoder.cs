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
    private static readonly byte[] PrefixMasks = [.. Enumerable.Repeat((byte)0xFF, 16), .. new byte[16]];

    private readonly ScalarRules rules;
    private readonly Normalizer normalizer;
    private readonly WordPieceTrie trie;
    private readonly AsciiWords asciiWords;
    private readonly AddedTokens? added;
    private readonly WordLimit limit;
    private readonly int unknown;
    private readonly int[] asciiAlone = new int[128];
    private readonly Vector128<byte> fold;

    public WordPieceEncoder(ScalarRules rules, WordPieceTrie trie, AsciiWords asciiWords, AddedTokens? added, WordLimit limit, int unknown)
    {
        this.rules = rules;
        normalizer = new Normalizer(rules);
        this.trie = trie;
        this.asciiWords = asciiWords;
        this.added = added;
        this.limit = limit;
        this.unknown = unknown;

        // 0x20 turns upper case into lower case and leaves digits and lower case as they are.
        fold = Vector128.Create(rules.AsciiFold['A'] == 'a' ? (byte)0x20 : (byte)0);
        for (var c = 0; c < 128; c++)
        {
            var id = trie.Longest(WordPieceTrie.WordStart, [(char)c], out _);
            asciiAlone[c] = id < 0 || limit.Length < 1 ? unknown : id;
        }
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
        var actions = rules.Ascii;
        var i = from;
        while (i < text.Length)
        {
            var c = text[i];
            var action = c < 128 ? actions[c] : ScalarAction.Sequence;
            switch (action)
            {
                case ScalarAction.Space:
                    i++;
                    break;
                case ScalarAction.Alone:
                    buffer.Append(asciiAlone[c], i, i + 1, word++);
                    i++;
                    break;
                case ScalarAction.Letter:
                    i = AsciiWord(text, i, ref word, buffer);
                    break;
                default:
                    i = Stretch(text, i, ref word, buffer);
                    break;
            }
        }
    }

    /// <summary>
    /// A word that starts with an ASCII letter or digit; left to <see cref="Stretch"/> where it does not end at ASCII white space or punctuation.
    /// </summary>
    private int AsciiWord(ReadOnlySpan<char> text, int start, ref int word, TokenBuffer buffer)
    {
        ref var source = ref MemoryMarshal.GetReference(text);
        Vector128<byte> bytes;
        var left = text.Length - start;
        if (left >= 16)
        {
            bytes = Vector128.NarrowWithSaturation(
                Vector128.LoadUnsafe(ref Unsafe.As<char, ushort>(ref source), (nuint)start),
                Vector128.LoadUnsafe(ref Unsafe.As<char, ushort>(ref source), (nuint)start + 8));
        }
        else
        {
            Span<char> padded = stackalloc char[16];
            padded.Clear();
            text[start..].CopyTo(padded);
            ref var units = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(padded));
            bytes = Vector128.NarrowWithSaturation(Vector128.LoadUnsafe(ref units), Vector128.LoadUnsafe(ref units, 8));
        }

        // ASCII letters of a word are letters and digits in every flavour: the other ASCII characters are white space, punctuation or control
        // characters.
        var letter = Vector128.LessThan((bytes | Vector128.Create((byte)0x20)) - Vector128.Create((byte)'a'), Vector128.Create((byte)26));
        var digit = Vector128.LessThan(bytes - Vector128.Create((byte)'0'), Vector128.Create((byte)10));
        var length = System.Numerics.BitOperations.TrailingZeroCount(~(letter | digit).ExtractMostSignificantBits());
        if (length >= AsciiWords.MaxLength)
        {
            return LongAsciiWord(text, start, ref word, buffer);
        }

        var end = start + length;
        if (end < text.Length && !EndsWord(text[end]))
        {
            return Stretch(text, start, ref word, buffer);
        }

        var folded = (bytes | fold) & Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(PrefixMasks), (nuint)(16 - length));
        var id = asciiWords.Find(folded);
        if (id >= 0)
        {
            buffer.Append(id, start, end, word++);
        }
        else
        {
            Span<char> units = stackalloc char[16];
            var (low, high) = Vector128.Widen(folded);
            ref var target = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(units));
            low.StoreUnsafe(ref target);
            high.StoreUnsafe(ref target, 8);
            Word(units[..length], new PlainRange(start), word++, buffer);
        }

        return end;
    }

    private int LongAsciiWord(ReadOnlySpan<char> text, int start, ref int word, TokenBuffer buffer)
    {
        var end = start + AsciiWords.MaxLength;
        while (end < text.Length && char.IsAsciiLetterOrDigit(text[end]))
        {
            end++;
        }

        var length = end - start;
        if (length > limit.Length || (end < text.Length && !EndsWord(text[end])) || length > 256)
        {
            return Stretch(text, start, ref word, buffer);
        }

        Span<char> units = stackalloc char[256];
        for (var i = 0; i < length; i++)
        {
            units[i] = rules.AsciiFold[text[start + i]];
        }

        Word(units[..length], new PlainRange(start), word++, buffer);
        return end;
    }

    private bool EndsWord(char c) => c < 128 && rules.Ascii[c] is ScalarAction.Space or ScalarAction.Alone;

    /// <summary>The general way: normalise a stretch, then split it.</summary>
    private int Stretch(ReadOnlySpan<char> text, int start, ref int word, TokenBuffer buffer)
    {
        var normal = buffer.Scratch<NormalizedText>();
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
