using System.Security.Cryptography;

namespace Beret.Text.Pipeline;

/// <summary>
/// The merges of a BPE model: for two neighbouring tokens the rank of their merge. An open hash table, whose places differ from process to process, so
/// that no file can make look-ups slow.
/// </summary>
internal sealed class MergeTable
{
    private readonly ulong seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) | 1;
    private readonly int shift;
    private readonly ulong[] keys;
    private readonly int[] ranks;
    private readonly int[] results;

    /// <param name="merges">By rank: the two tokens and what they become. Of equal pairs the last counts.</param>
    public MergeTable(IReadOnlyList<(int Left, int Right, int Result)> merges)
    {
        var bits = Math.Max(4, 65 - System.Numerics.BitOperations.LeadingZeroCount((ulong)merges.Count));
        shift = 64 - bits;
        keys = new ulong[1 << bits];
        ranks = new int[1 << bits];
        results = new int[merges.Count];
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right, result) = merges[rank];
            var at = Find(Key(left, right));
            keys[at] = Key(left, right);
            ranks[at] = rank;
            results[rank] = result;
        }
    }

    /// <summary>The rank of the merge of two tokens; −1 where they do not merge.</summary>
    public int Rank(int left, int right)
    {
        var at = Find(Key(left, right));
        return keys[at] == 0 ? -1 : ranks[at];
    }

    /// <summary>The token that the merge of a rank makes.</summary>
    public int Result(int rank) => results[rank];

    /// <summary>Never 0, which marks a free place.</summary>
    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32 | (uint)right) + 1;

    private int Find(ulong key)
    {
        var h = key * seed;
        var at = (int)((h ^ (h >> 32)) * 0x9E3779B97F4A7C15 >> shift);
        while (keys[at] != key && keys[at] != 0)
        {
            at = (at + 1) & (keys.Length - 1);
        }

        return at;
    }
}
