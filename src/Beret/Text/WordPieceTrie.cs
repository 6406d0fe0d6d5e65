namespace Beret.Text;

/// <summary>
/// The vocabulary as two tries over UTF-16 units, one for pieces that start a word and one for pieces that continue it. Nodes are numbered breadth
/// first, so a node's children are neighbours and need only their symbols: 10 bytes a node.
/// </summary>
internal sealed class WordPieceTrie
{
    public const int WordStart = 0;
    public const int WordRest = 1;
    private const int LinearSearch = 16;

    private readonly int[] firstChild;
    private readonly char[] symbols;
    private readonly int[] ids;
    private readonly int[][] asciiChildren = [new int[128], new int[128]];

    /// <summary>Builds the tries from pieces without their prefix.</summary>
    public WordPieceTrie(IEnumerable<KeyValuePair<string, int>> starting, IEnumerable<KeyValuePair<string, int>> continuing)
    {
        var groups = new Queue<(KeyValuePair<string, int>[] Pieces, int From, int To, int Depth)>();
        var firstChild = new List<int>();
        var symbols = new List<char> { '\0', '\0' };
        var ids = new List<int> { -1, -1 };
        foreach (var pieces in new[] { starting, continuing })
        {
            KeyValuePair<string, int>[] sorted = [.. pieces.Where(p => p.Key.Length > 0)];
            Array.Sort(sorted, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
            groups.Enqueue((sorted, 0, sorted.Length, 0));
        }

        while (groups.TryDequeue(out var group))
        {
            firstChild.Add(symbols.Count);
            var (pieces, from, to, depth) = group;
            while (from < to)
            {
                var symbol = pieces[from].Key[depth];
                var end = from + 1;
                while (end < to && pieces[end].Key[depth] == symbol)
                {
                    end++;
                }

                symbols.Add(symbol);
                var ends = pieces[from].Key.Length == depth + 1;
                ids.Add(ends ? pieces[from].Value : -1);
                groups.Enqueue((pieces, ends ? from + 1 : from, end, depth + 1));
                from = end;
            }
        }

        firstChild.Add(symbols.Count);
        this.firstChild = [.. firstChild];
        this.symbols = [.. symbols];
        this.ids = [.. ids];
        for (var root = 0; root < 2; root++)
        {
            for (var c = 0; c < 128; c++)
            {
                asciiChildren[root][c] = Search(root, (char)c);
            }
        }
    }

    /// <summary>The tries of a vocabulary in which the pieces that continue a word have a prefix.</summary>
    public static WordPieceTrie Of(Vocabulary vocabulary, string prefix) => new(
        vocabulary.Ids,
        vocabulary.Ids.Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal)).Select(p => KeyValuePair.Create(p.Key[prefix.Length..], p.Value)));

    /// <summary>The longest piece at the start of <paramref name="text"/>: its id and length in units, or −1.</summary>
    public int Longest(int root, ReadOnlySpan<char> text, out int length)
    {
        var id = -1;
        length = 0;
        if (text.IsEmpty)
        {
            return id;
        }

        var node = Child(root, text[0]);
        for (var i = 1; node >= 0; i++)
        {
            if (ids[node] >= 0)
            {
                id = ids[node];
                length = i;
            }

            if (i == text.Length)
            {
                break;
            }

            node = Search(node, text[i]);
        }

        return id;
    }

    /// <summary>The node after a symbol, or −1.</summary>
    public int Child(int node, char symbol) => node < 2 && symbol < 128 ? asciiChildren[node][symbol] : Search(node, symbol);

    /// <summary>The piece that ends at a node, or −1.</summary>
    public int Id(int node) => ids[node];

    private int Search(int node, char symbol)
    {
        var first = firstChild[node];
        var children = symbols.AsSpan(first, firstChild[node + 1] - first);
        if (children.Length > LinearSearch)
        {
            var found = children.BinarySearch(symbol);
            return found >= 0 ? first + found : -1;
        }

        for (var i = 0; i < children.Length; i++)
        {
            if (children[i] == symbol)
            {
                return first + i;
            }
        }

        return -1;
    }
}
