namespace Beret.Text.SentencePiece;

/// <summary>What each scalar becomes, as a two-stage table of blocks of 256; most stay as they are.</summary>
internal sealed class ScalarFold
{
    private const uint Marked = 1u << 31;
    private const int Unchanged = 0;

    private readonly ushort[] blocks = new ushort[0x1100];
    private readonly uint[] entries;
    private readonly int[] sequences;

    /// <param name="scalars">Those that may become something else, or be marked.</param>
    /// <param name="fold">What one of them becomes.</param>
    /// <param name="isMarked">Whether a scalar that came out has to be looked at again among its neighbours.</param>
    public ScalarFold(IEnumerable<int> scalars, Func<int, IReadOnlyList<int>> fold, Func<int, bool> isMarked)
    {
        // Block 0 is the one in which nothing changes; place 0 of the sequences stands for no change.
        var entries = new List<uint>(new uint[256]);
        var sequences = new List<int> { 0 };
        foreach (var scalar in scalars)
        {
            var folded = fold(scalar);
            var marked = folded.Any(isMarked);
            if (!marked && folded.Count == 1 && folded[0] == scalar)
            {
                continue;
            }

            ref var block = ref blocks[scalar >> 8];
            if (block == 0)
            {
                block = (ushort)(entries.Count >> 8);
                entries.AddRange(new uint[256]);
            }

            entries[(block << 8) | (scalar & 0xFF)] = (uint)sequences.Count | (marked ? Marked : 0);
            sequences.Add(folded.Count);
            sequences.AddRange(folded);
        }

        this.entries = [.. entries];
        this.sequences = [.. sequences];
        for (var c = '\0'; c < 128; c++)
        {
            Ascii[c] = !TryGet(c, out var folded, out var marked) ? c : folded.Length == 1 && folded[0] < 128 && !marked ? (char)folded[0] : '\0';
        }
    }

    /// <summary>The one ASCII character that each ASCII character becomes, [128]; 0 where it is otherwise.</summary>
    public char[] Ascii { get; } = new char[128];

    /// <summary>What a scalar becomes; false where it stays as it is.</summary>
    public bool TryGet(int scalar, out ReadOnlySpan<int> folded, out bool marked)
    {
        var entry = entries[(blocks[scalar >> 8] << 8) | (scalar & 0xFF)];
        marked = (entry & Marked) != 0;
        if (entry == Unchanged)
        {
            folded = default;
            return false;
        }

        var place = (int)(entry & ~Marked);
        folded = sequences.AsSpan(place + 1, sequences[place]);
        return true;
    }
}
