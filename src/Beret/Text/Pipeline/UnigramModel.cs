using System.Text;

namespace Beret.Text.Pipeline;

/// <summary>
/// A unigram language model: of all ways to cut a part into pieces the one whose scores add up to most (Viterbi), in double precision and with the ties of
/// Hugging Face tokenizers: the path that was found first stays.
/// </summary>
internal sealed class UnigramModel : SplitModel
{
    /// <summary>What an unknown character scores below the worst piece.</summary>
    private const double UnknownPenalty = 10;

    private readonly Vocabulary vocabulary;
    private readonly WordPieceTrie trie;
    private readonly double[] scores;
    private readonly int? unknown;
    private readonly double unknownScore;
    private readonly int[]? byteIds;
    private readonly string source;

    /// <param name="vocabulary">The pieces.</param>
    /// <param name="scores">Their scores, by id.</param>
    /// <param name="unknown">The piece of unknown characters.</param>
    /// <param name="byteFallback">Whether unknown characters become the pieces of their bytes.</param>
    /// <param name="source">The file that errors name.</param>
    public UnigramModel(Vocabulary vocabulary, double[] scores, int? unknown, bool byteFallback, string source)
    {
        this.vocabulary = vocabulary;
        this.scores = scores;
        this.unknown = unknown;
        this.source = source;
        trie = new WordPieceTrie(vocabulary.Ids, []);
        unknownScore = scores.Min() - UnknownPenalty;
        byteIds = byteFallback ? ByteTokens.Find(vocabulary) : null;
    }

    public override void Append(AlignedText text, Split part, int word, PipelineScratch scratch, TokenBuffer buffer)
    {
        var units = text.Units[part.From..part.To];
        var lattice = scratch.Lattice;
        FindBest(units, lattice);
        foreach (var (from, to, id) in lattice.Best(units.Length, unknown))
        {
            var (start, end) = (text.Starts[part.From + from], text.Ends[part.From + to - 1]);
            if (id != unknown)
            {
                buffer.Append(id, start, end, word);
            }
            else
            {
                AppendUnknown(units[from..to], start, end, word, buffer);
            }
        }
    }

    private void FindBest(ReadOnlySpan<char> units, UnigramLattice lattice)
    {
        lattice.Reset(units.Length);
        for (int at = 0, after; at < units.Length; at = after)
        {
            Scalars.At(units, at, out after);
            var score = lattice.Score(at);
            var single = false;
            var node = WordPieceTrie.WordStart;
            for (var end = at; end < units.Length && (node = trie.Child(node, units[end])) >= 0;)
            {
                end++;
                var id = trie.Id(node);
                if (id >= 0)
                {
                    lattice.Offer(at, end, score + scores[id], id);
                    single |= end == after;
                }
            }

            if (!single)
            {
                lattice.Offer(at, after, score + unknownScore, unknown ?? throw new TokenizerException(
                    $"{source}: the text has the character \"{units[at..after]}\", which the vocabulary cannot spell, and the model has no unk_id"));
            }
        }
    }

    /// <summary>Unknown characters in a row: as a piece if they happen to be one, as bytes, or as one unknown token.</summary>
    private void AppendUnknown(ReadOnlySpan<char> units, int start, int end, int word, TokenBuffer buffer)
    {
        if (vocabulary.Spans.TryGetValue(units, out var id))
        {
            buffer.Append(id, start, end, word);
            return;
        }

        if (byteIds is not null)
        {
            var bytes = Encoding.UTF8.GetBytes(units.ToArray());
            if (!bytes.Any(value => byteIds[value] < 0))
            {
                foreach (var value in bytes)
                {
                    buffer.Append(byteIds[value], start, end, word);
                }

                return;
            }
        }

        buffer.Append(unknown!.Value, start, end, word);
    }
}

/// <summary>The best path to each place of a part. Reused working memory.</summary>
internal sealed class UnigramLattice
{
    private Node[] nodes = new Node[64];
    private (int From, int To, int Id)[] path = new (int, int, int)[64];

    public void Reset(int length)
    {
        if (nodes.Length <= length)
        {
            nodes = new Node[Math.Max(length + 1, nodes.Length * 2)];
            path = new (int, int, int)[nodes.Length];
        }

        nodes.AsSpan(0, length + 1).Fill(new Node(0, -1, 0));
    }

    public double Score(int at) => nodes[at].Score;

    /// <summary>A piece that reaches <paramref name="to"/>; it counts if it is the first to do so or better than what was there.</summary>
    public void Offer(int from, int to, double score, int id)
    {
        ref var node = ref nodes[to];
        if (node.From < 0 || score > node.Score)
        {
            node = new Node(score, from, id);
        }
    }

    /// <summary>The pieces of the best path from the left; unknown ones in a row are one.</summary>
    public ReadOnlySpan<(int From, int To, int Id)> Best(int length, int? unknown)
    {
        var first = path.Length;
        for (var to = length; to > 0; to = nodes[to].From)
        {
            var (from, id) = (nodes[to].From, nodes[to].Id);
            if (id == unknown && first < path.Length && path[first].Id == unknown)
            {
                path[first].From = from;
            }
            else
            {
                path[--first] = (from, to, id);
            }
        }

        return path.AsSpan(first);
    }

    private readonly record struct Node(double Score, int From, int Id);
}
