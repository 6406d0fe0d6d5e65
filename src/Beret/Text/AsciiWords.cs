using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Beret.Text.Unicode;

namespace Beret.Text;

/// <summary>
/// The vocabulary's words of 1 to 16 ASCII letters and digits, and its ASCII punctuation, keyed by their bytes: most words of English text are whole
/// tokens and need one look at memory. Fixed after construction, so threads share it.
/// </summary>
internal sealed class AsciiWords
{
    public const int MaxLength = 16;

    // A word that would lie further from its slot is left out: the trie finds it too, and no vocabulary can make look-ups slow.
    private const int MaxProbes = 16;

    private static readonly byte[] PrefixMasks = [.. Enumerable.Repeat((byte)0xFF, MaxLength), .. new byte[MaxLength]];

    private readonly Slot[] slots;
    private readonly int shift;

    public AsciiWords(Vocabulary vocabulary, ScalarRules rules, int wordLimit)
    {
        var longest = Math.Min(MaxLength, wordLimit);
        var bits = Math.Max(4, BitOperations.Log2((uint)vocabulary.Ids.Count + 1) + 2);
        shift = 64 - bits;
        slots = new Slot[(1 << bits) + MaxProbes];
        Span<byte> bytes = stackalloc byte[MaxLength];
        foreach (var (word, id) in vocabulary.Ids)
        {
            if (word.Length == 0 || word.Length > longest || !IsWord(word, rules))
            {
                continue;
            }

            bytes.Clear();
            for (var i = 0; i < word.Length; i++)
            {
                bytes[i] = (byte)word[i];
            }

            var key = Vector128.Create<byte>(bytes).AsUInt64();
            var home = Home(key.GetElement(0), key.GetElement(1));
            for (var i = home; i < home + MaxProbes; i++)
            {
                if (slots[i].Word == 0)
                {
                    slots[i] = new Slot { Low = key.GetElement(0), High = key.GetElement(1), Word = id + 1 };
                    break;
                }
            }
        }
    }

    /// <summary>The bytes of a word of a window, followed by zeros.</summary>
    /// <param name="window">The window.</param>
    /// <param name="start">Where the word starts.</param>
    /// <param name="length">At most <see cref="MaxLength"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Key(AsciiWindow window, int start, int length) =>
        Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(window.Bytes), (nuint)start)
        & Vector128.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(PrefixMasks), (nuint)(MaxLength - length));

    /// <summary>
    /// Looks for each word of a window in the one slot where it most likely is, and writes its id, or −1 where it is not there. No branch depends on
    /// what is found, so that the processor has many words on their way from memory at once.
    /// </summary>
    public void FindAll(AsciiWindow window)
    {
        ref var slots = ref MemoryMarshal.GetArrayDataReference(this.slots);
        var starts = window.Starts.AsSpan(0, window.Count);
        var ends = window.Ends.AsSpan(0, window.Count);
        var ids = window.Ids.AsSpan(0, window.Count);
        for (var k = 0; k < starts.Length; k++)
        {
            int start = starts[k];
            var length = ends[k] - start;
            if (length > MaxLength)
            {
                ids[k] = -1;
                continue;
            }

            var key = Key(window, start, length).AsUInt64();
            var low = key.ToScalar();
            var high = key.GetElement(1);
            ref readonly var slot = ref Unsafe.Add(ref slots, Home(low, high));
            var difference = (long)((slot.Low ^ low) | (slot.High ^ high));
            ids[k] = (slot.Word - 1) | (int)((difference | -difference) >> 63);
        }
    }

    /// <summary>The id of a word by its key, or −1.</summary>
    public int Find(Vector128<byte> word)
    {
        var low = word.AsUInt64().ToScalar();
        var high = word.AsUInt64().GetElement(1);
        foreach (ref readonly var slot in slots.AsSpan(Home(low, high), MaxProbes))
        {
            if (slot.Low == low && slot.High == high)
            {
                return slot.Word - 1;
            }

            if (slot.Word == 0)
            {
                break;
            }
        }

        return -1;
    }

    private static bool IsWord(string piece, ScalarRules rules)
    {
        foreach (var c in piece)
        {
            if (!char.IsAsciiLetterOrDigit(c))
            {
                return piece.Length == 1 && c < 128 && rules.Ascii[c] == ScalarAction.Alone;
            }
        }

        return true;
    }

    private int Home(ulong low, ulong high) => (int)((low ^ (high * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93 >> shift);

    /// <summary>The word is one more than its id: 0 is none.</summary>
    private struct Slot
    {
        public ulong Low;
        public ulong High;
        public int Word;
    }
}
