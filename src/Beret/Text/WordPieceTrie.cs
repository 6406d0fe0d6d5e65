using System.Numerics;

namespace Beret.Text;

/// <summary>
/// The vocabulary as two tries over UTF-16 units, one for pieces that start a word and one for pieces that continue it. All nodes lie in one hash table,
/// keyed by their parent and the symbol that leads to them, and are named by their place in it: a step is one look at memory, however many children
/// a node has.
/// </summary>
internal sealed class WordPieceTrie
{
    public const int WordStart = 0;
    public const int WordRest = 1;

    // Names of nodes before those of the table: the two roots.
    private const int Roots = 2;

    private readonly Node[] nodes;
    private readonly int shift;

    /// <summary>Builds the tries from pieces without their prefix.</summary>
    public WordPieceTrie(IEnumerable<KeyValuePair<string, int>> starting, IEnumerable<KeyValuePair<string, int>> continuing)
        : this([.. starting.Select(p => new Piece(p.Key, 0, p.Value, WordStart)), .. continuing.Select(p => new Piece(p.Key, 0, p.Value, WordRest))])
    {
    }

    private WordPieceTrie(ReadOnlySpan<Piece> pieces)
    {
        // A vocabulary of words has two or three nodes a piece.
        var bits = BitOperations.Log2((uint)pieces.Length + 4) + 3;
        Node[]? built;
        while ((built = Build(pieces, bits)) is null)
        {
            bits++;
        }

        nodes = built;
        shift = 64 - bits;
    }

    /// <summary>The tries of a vocabulary in which the pieces that continue a word have a prefix.</summary>
    public static WordPieceTrie Of(Vocabulary vocabulary, string prefix)
    {
        var pieces = new Piece[2 * vocabulary.Ids.Count];
        var count = 0;
        foreach (var (text, id) in vocabulary.Ids)
        {
            pieces[count++] = new Piece(text, 0, id, WordStart);
            if (text.StartsWith(prefix, StringComparison.Ordinal))
            {
                pieces[count++] = new Piece(text, prefix.Length, id, WordRest);
            }
        }

        return new WordPieceTrie(pieces.AsSpan(0, count));
    }

    /// <summary>The longest piece at the start of <paramref name="text"/>: its id and length in units, or −1.</summary>
    public int Longest(int root, ReadOnlySpan<char> text, out int length)
    {
        var id = -1;
        length = 0;
        var node = root;
        for (var i = 0; i < text.Length && (node = Child(node, text[i])) >= 0; i++)
        {
            var ends = Id(node);
            if (ends >= 0)
            {
                id = ends;
                length = i + 1;
            }
        }

        return id;
    }

    /// <summary>The node after a symbol, or −1.</summary>
    public int Child(int node, char symbol)
    {
        var nodes = this.nodes;
        for (var place = Home(node, symbol, shift); ; place = (place + 1) & (nodes.Length - 1))
        {
            ref readonly var candidate = ref nodes[place];
            if (candidate.Symbol == symbol && candidate.Parent == node + 1)
            {
                return place + Roots;
            }

            if (candidate.Parent == 0)
            {
                return -1;
            }
        }
    }

    /// <summary>The piece that ends at a node, or −1.</summary>
    public int Id(int node) => node < Roots ? -1 : nodes[node - Roots].Piece - 1;

    /// <summary>A table of 2^bits places; null where more than half of it would be used: that much room keeps the way to a node short.</summary>
    private static Node[]? Build(ReadOnlySpan<Piece> pieces, int bits)
    {
        var table = new Node[1 << bits];
        var shift = 64 - bits;
        var count = 0;
        foreach (ref readonly var piece in pieces)
        {
            var node = piece.Root;
            foreach (var symbol in piece.Text.AsSpan(piece.From))
            {
                var place = Home(node, symbol, shift);
                while (table[place].Parent != 0 && (table[place].Parent != node + 1 || table[place].Symbol != symbol))
                {
                    place = (place + 1) & (table.Length - 1);
                }

                if (table[place].Parent == 0)
                {
                    if (++count > table.Length / 2)
                    {
                        return null;
                    }

                    table[place] = new Node { Parent = node + 1, Symbol = symbol };
                }

                node = place + Roots;
            }

            if (node >= Roots)
            {
                table[node - Roots].Piece = piece.Id + 1;
            }
        }

        return table;
    }

    /// <summary>Fibonacci hashing.</summary>
    private static int Home(int node, char symbol, int shift) => (int)((((ulong)(uint)node << 16) | symbol) * 0x9E3779B97F4A7C15 >> shift);

    private readonly record struct Piece(string Text, int From, int Id, int Root);

    /// <summary>Parent and piece are one more than their numbers: 0 is none.</summary>
    private struct Node
    {
        public int Parent;
        public int Piece;
        public char Symbol;
    }
}
