using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>
/// Splits text at ASCII white space and punctuation, 64 characters at a time: each character's class becomes a bit, and the starts and ends of
/// words are where neighbouring bits differ (the manner of Langdale and Lemire 2019, Parsing Gigabytes of JSON per Second).
/// </summary>
/// <remarks>Immutable, so threads share it; what it finds is in an <see cref="AsciiWindow"/> of the caller's.</remarks>
internal sealed class AsciiSplitter
{
    private const byte UpperToLower = 0x20;

    // A set of ASCII characters is a column of bits for each low half of a character, one bit for each high half. Bytes above ASCII have no bit.
    private static readonly Vector128<byte> Rows = Vector128.Create(1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0);

    private readonly Vector128<byte> spaces;
    private readonly Vector128<byte> alone;
    private readonly Vector128<byte> letters;
    private readonly byte fold;

    public AsciiSplitter(ScalarRules rules)
    {
        spaces = Columns(c => rules.Ascii[c] == ScalarAction.Space);
        alone = Columns(c => rules.Ascii[c] == ScalarAction.Alone);
        letters = Columns(c => char.IsAsciiLetterOrDigit(c) && rules.Ascii[c] == ScalarAction.Letter);
        fold = rules.AsciiFold['A'] == 'a' ? UpperToLower : (byte)0;
    }

    /// <summary>Finds the words at the beginning of a text: at most a window's worth, and none whose end lies beyond it.</summary>
    /// <returns>The characters that were read; 0 where the first word is longer than the window.</returns>
    public int Split(ReadOnlySpan<char> text, AsciiWindow window)
    {
        var (starts, ends) = (0, 0);
        ref var startAt = ref MemoryMarshal.GetArrayDataReference(window.Starts);
        ref var endAt = ref MemoryMarshal.GetArrayDataReference(window.Ends);
        var (inWord, afterAlone) = (0UL, 0UL);
        for (var at = 0; at < AsciiWindow.Length; at += 64)
        {
            var (space, single) = at + 64 <= text.Length
                ? Classify(text[at..], window.Bytes.AsSpan(at))
                : ClassifyLast(text[Math.Min(at, text.Length)..], window.Bytes.AsSpan(at));
            var run = ~(space | single);
            var afterRun = (run << 1) | inWord;
            var start = (run & ~afterRun) | single;
            var end = (afterRun & ~run) | (single << 1) | afterAlone;
            (inWord, afterAlone) = (run >> 63, single >> 63);
            for (; start != 0; start &= start - 1)
            {
                Unsafe.Add(ref startAt, starts++) = (ushort)(at + BitOperations.TrailingZeroCount(start));
            }

            for (; end != 0; end &= end - 1)
            {
                Unsafe.Add(ref endAt, ends++) = (ushort)(at + BitOperations.TrailingZeroCount(end));
            }

            if (at + 64 > text.Length)
            {
                window.Count = ends;
                return text.Length;
            }
        }

        window.Count = ends;
        return starts > ends ? window.Starts[ends] : AsciiWindow.Length;
    }

    private static Vector128<byte> Columns(Func<char, bool> isMember)
    {
        Span<byte> columns = stackalloc byte[16];
        columns.Clear();
        for (var c = '\0'; c < 128; c++)
        {
            columns[c & 15] |= isMember(c) ? (byte)(1 << (c >> 4)) : (byte)0;
        }

        return Vector128.Create<byte>(columns);
    }

    /// <summary>The end of a text, with white space after it.</summary>
    private (ulong Space, ulong Alone) ClassifyLast(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        Span<char> padded = stackalloc char[64];
        padded.Fill(' ');
        text.CopyTo(padded);
        return Classify(padded, bytes);
    }

    /// <summary>The classes of 64 characters, and their bytes: letters folded, what is neither letter, white space nor punctuation as 0xFF.</summary>
    private (ulong Space, ulong Alone) Classify(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        ref var source = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(text[..64]));
        ref var target = ref MemoryMarshal.GetReference(bytes[..64]);
        var (spaceBits, aloneBits) = (0UL, 0UL);
        for (var i = 0; i < 64; i += 16)
        {
            var units = Vector128.NarrowWithSaturation(Vector128.LoadUnsafe(ref source, (nuint)i), Vector128.LoadUnsafe(ref source, (nuint)i + 8));
            var row = Vector128.ShuffleNative(Rows, units >>> 4);
            var column = units & Vector128.Create((byte)15);
            var isSpace = Has(spaces, column, row);
            var isAlone = Has(alone, column, row);
            var isOther = ~(Has(letters, column, row) | isSpace | isAlone);
            var isUpper = Vector128.LessThan(units - Vector128.Create((byte)'A'), Vector128.Create((byte)26));
            var folded = units | (isUpper & Vector128.Create(fold)) | isOther;
            folded.StoreUnsafe(ref target, (nuint)i);
            spaceBits |= (ulong)isSpace.ExtractMostSignificantBits() << i;
            aloneBits |= (ulong)isAlone.ExtractMostSignificantBits() << i;
        }

        return (spaceBits, aloneBits);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Has(Vector128<byte> set, Vector128<byte> column, Vector128<byte> row) =>
        Vector128.Equals(Vector128.ShuffleNative(set, column) & row, row) & ~Vector128.Equals(row, Vector128<byte>.Zero);
}

/// <summary>Words at the beginning of a text, as <see cref="AsciiSplitter"/> finds them. Reused scratch memory.</summary>
internal sealed class AsciiWindow
{
    /// <summary>Characters that are read at once.</summary>
    public const int Length = 1024;

    /// <summary>Of each character its byte, lower-cased where the model is; 0xFF where it is no ASCII letter, white space or punctuation.</summary>
    public byte[] Bytes { get; } = new byte[Length + AsciiWords.MaxLength];

    /// <summary>Where each word starts.</summary>
    public ushort[] Starts { get; } = new ushort[Length];

    /// <summary>Where each word ends, exclusive.</summary>
    public ushort[] Ends { get; } = new ushort[Length];

    /// <summary>The id of each word, or −1, as <see cref="AsciiWords.FindAll"/> finds it.</summary>
    public int[] Ids { get; } = new int[Length];

    /// <summary>The number of words that are complete.</summary>
    public int Count { get; set; }
}
