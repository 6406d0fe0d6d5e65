using System.Runtime.Intrinsics;

namespace Beret.Text;

/// <summary>
/// The vocabulary's words of 1 to 16 ASCII letters and digits, keyed by their bytes: most words of English text are whole tokens and need one
/// probe. Fixed after construction, so threads share it.
/// </summary>
internal sealed class AsciiWords
{
    public const int MaxLength = 16;

    // A word that would lie further from its slot is left out: the trie finds it too, and no vocabulary can make look-ups slow.
    private const int MaxProbes = 16;

    private readonly Slot[] slots;
    private readonly int shift;

    public AsciiWords(IEnumerable<KeyValuePair<string, int>> pieces, int wordLimit)
    {
        var longest = Math.Min(MaxLength, wordLimit);
        KeyValuePair<string, int>[] words =
            [.. pieces.Where(p => p.Key.Length > 0 && p.Key.Length <= longest && p.Key.All(char.IsAsciiLetterOrDigit))];
        var bits = Math.Max(4, 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)words.Length) + 1);
        shift = 64 - bits;
        slots = new Slot[(1 << bits) + MaxProbes];
        Span<byte> bytes = stackalloc byte[MaxLength];
        foreach (var (word, id) in words)
        {
            bytes.Clear();
            System.Text.Encoding.ASCII.GetBytes(word, bytes);
            var key = Vector128.Create<byte>(bytes).AsUInt64();
            var home = Home(key[0], key[1]);
            for (var i = home; i < home + MaxProbes; i++)
            {
                if (slots[i].Low == 0)
                {
                    slots[i] = new Slot { Low = key[0], High = key[1], Id = id };
                    break;
                }
            }
        }
    }

    /// <summary>The id of a word, its bytes followed by zeros, or −1.</summary>
    public int Find(Vector128<byte> word)
    {
        var low = word.AsUInt64().ToScalar();
        var high = word.AsUInt64().GetElement(1);
        var slots = this.slots;
        var home = Home(low, high);
        for (var i = home; i < home + MaxProbes; i++)
        {
            ref readonly var slot = ref slots[i];
            if (slot.Low == low && slot.High == high)
            {
                return slot.Id;
            }

            if (slot.Low == 0)
            {
                break;
            }
        }

        return -1;
    }

    private int Home(ulong low, ulong high)
    {
        var h = (low ^ (high * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;
        return (int)((h ^ (h >> 32)) * 0x9E3779B97F4A7C15 >> shift);
    }

    private struct Slot
    {
        public ulong Low;
        public ulong High;
        public int Id;
    }
}
