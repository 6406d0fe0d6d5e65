using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Beret.Text.SentencePiece;

/// <summary>
/// Pieces as a double array: a node's child by a label stands at <c>base ^ label</c> and names its parent. A UTF-16 unit is one label if it is among
/// the 255 most frequent of the pieces, else three: an escape and its two bytes. So all children of a node lie in one block of 256.
/// </summary>
internal sealed class PieceTrie
{
    public const int Root = 0;

    /// <summary>The label of the escape.</summary>
    private const byte Rare = 0;

    // Unlike that of a free place, so that no search finds the root.
    private const int NoParent = -2;

    // How many blocks with room are tried for a node before another block is begun.
    private const int OpenBlocks = 16;

    private readonly byte[] labels = new byte[0x10000];
    private Node[] nodes = new Node[256];

    /// <summary>Builds the trie; equal pieces must not occur.</summary>
    public PieceTrie(IReadOnlyCollection<(string Text, int Id)> pieces)
    {
        Label(pieces);
        var (keys, ids) = (new byte[pieces.Count][], new int[pieces.Count]);
        var count = 0;
        foreach (var (text, id) in pieces)
        {
            (keys[count], ids[count]) = (Encode(text), id);
            count++;
        }

        Array.Sort(keys, ids, Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        Array.Fill(nodes, Node.Free);
        new Builder(this, keys, ids).Build();
    }

    /// <summary>A place of the double array.</summary>
    private struct Node
    {
        public static readonly Node Free = new() { Parent = -1, Id = -1 };

        /// <summary>Where the children are: at this ^ label.</summary>
        public int Base;

        /// <summary>The place of the parent; −1 where no node is.</summary>
        public int Parent;

        /// <summary>The id of the piece that ends here; −1 where none does.</summary>
        public int Id;
    }

    /// <summary>The id of the piece that ends at a node; −1 where none does.</summary>
    public int Id(int node) => nodes[node].Id;

    /// <summary>Goes from a node along a unit; −1 where no piece goes on with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Step(int node, char unit)
    {
        var label = labels[unit];
        var next = Child(node, label);
        return label != Rare || next < 0 ? next : RareStep(next, unit);
    }

    /// <summary>The length of the longest piece at the start of a text in units; 0 where there is none.</summary>
    public int Longest(ReadOnlySpan<char> text)
    {
        var (node, longest) = (Root, 0);
        for (var i = 0; i < text.Length; i++)
        {
            node = Step(node, text[i]);
            if (node < 0)
            {
                break;
            }

            longest = nodes[node].Id >= 0 ? i + 1 : longest;
        }

        return longest;
    }

    private int RareStep(int node, char unit)
    {
        node = Child(node, (byte)(unit >> 8));
        return node < 0 ? node : Child(node, (byte)unit);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Child(int node, byte label)
    {
        // A base lies within the array, and a label does not lead out of its block.
        ref var first = ref MemoryMarshal.GetArrayDataReference(nodes);
        var child = Unsafe.Add(ref first, node).Base ^ label;
        return Unsafe.Add(ref first, child).Parent == node ? child : -1;
    }

    private void Label(IReadOnlyCollection<(string Text, int Id)> pieces)
    {
        var counts = new int[0x10000];
        foreach (var (text, _) in pieces)
        {
            foreach (var unit in text)
            {
                counts[unit]++;
            }
        }

        var frequent = Enumerable.Range(0, counts.Length).Where(unit => counts[unit] > 0).OrderByDescending(unit => counts[unit]).Take(255);
        var label = Rare;
        foreach (var unit in frequent)
        {
            labels[unit] = ++label;
        }
    }

    private byte[] Encode(string text)
    {
        var bytes = new List<byte>(text.Length);
        foreach (var unit in text)
        {
            bytes.Add(labels[unit]);
            if (labels[unit] == Rare)
            {
                bytes.Add((byte)(unit >> 8));
                bytes.Add((byte)unit);
            }
        }

        return [.. bytes];
    }

    /// <summary>Places the nodes of the sorted keys, breadth first.</summary>
    private sealed class Builder(PieceTrie trie, byte[][] keys, int[] ids)
    {
        private readonly Queue<(int Node, int From, int To, int Depth)> groups = new();
        private readonly List<int> open = [];
        private readonly List<UInt256> free = [];

        public void Build()
        {
            free.Add(UInt256.Full);
            open.Add(0);
            free[0] = free[0].Without(Root);
            trie.nodes[Root].Parent = NoParent;
            groups.Enqueue((Root, 0, keys.Length, 0));
            Span<byte> labels = stackalloc byte[256];
            while (groups.TryDequeue(out var group))
            {
                var (node, from, to, depth) = group;
                if (from < to && keys[from].Length == depth)
                {
                    trie.nodes[node].Id = ids[from];
                    from++;
                }

                var count = 0;
                for (var k = from; k < to; k++)
                {
                    if (count == 0 || labels[count - 1] != keys[k][depth])
                    {
                        labels[count++] = keys[k][depth];
                    }
                }

                var place = count == 0 ? node : Place(labels[..count]);
                trie.nodes[node].Base = place;
                foreach (var label in labels[..count])
                {
                    var end = from;
                    while (end < to && keys[end][depth] == label)
                    {
                        end++;
                    }

                    var child = place ^ label;
                    trie.nodes[child].Parent = node;
                    free[child >> 8] = free[child >> 8].Without(child & 0xFF);
                    groups.Enqueue((child, from, end, depth + 1));
                    from = end;
                }
            }
        }

        /// <summary>A base whose children are all free.</summary>
        private int Place(ReadOnlySpan<byte> labels)
        {
            for (var k = open.Count - 1; k >= 0; k--)
            {
                var block = open[k];
                if (free[block].IsEmpty)
                {
                    open.RemoveAt(k);
                    continue;
                }

                if (free[block].Find(labels) is >= 0 and var place)
                {
                    return (block << 8) | place;
                }
            }

            if (open.Count == OpenBlocks)
            {
                open.RemoveAt(0);
            }

            var added = free.Count;
            free.Add(UInt256.Full);
            open.Add(added);
            if (trie.nodes.Length < (added + 1) << 8)
            {
                var length = trie.nodes.Length;
                Array.Resize(ref trie.nodes, length * 2);
                Array.Fill(trie.nodes, Node.Free, length, length);
            }

            return added << 8;
        }
    }

    /// <summary>The free places of a block.</summary>
    private readonly record struct UInt256(ulong A, ulong B, ulong C, ulong D)
    {
        public static UInt256 Full => new(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);

        public bool IsEmpty => (A | B | C | D) == 0;

        public UInt256 Without(int place)
        {
            var bit = ~(1UL << (place & 63));
            return (place >> 6) switch
            {
                0 => this with { A = A & bit },
                1 => this with { B = B & bit },
                2 => this with { C = C & bit },
                _ => this with { D = D & bit },
            };
        }

        /// <summary>A base of this block whose children by these labels are all free; −1 where there is none.</summary>
        public int Find(ReadOnlySpan<byte> labels)
        {
            for (var word = 0; word < 4; word++)
            {
                for (var rest = Word(word); rest != 0; rest &= rest - 1)
                {
                    var place = ((word << 6) | BitOperations.TrailingZeroCount(rest)) ^ labels[0];
                    var fits = true;
                    for (var k = 1; k < labels.Length && fits; k++)
                    {
                        fits = Has(place ^ labels[k]);
                    }

                    if (fits)
                    {
                        return place;
                    }
                }
            }

            return -1;
        }

        private bool Has(int place) => (Word(place >> 6) >> (place & 63) & 1) != 0;

        private ulong Word(int index) => index switch
        {
            0 => A,
            1 => B,
            2 => C,
            _ => D,
        };
    }
}
