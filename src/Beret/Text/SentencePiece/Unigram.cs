namespace Beret.Text.SentencePiece;

/// <summary>
/// How the scores of a path are added up. It decides between paths that are equal but for rounding, which real texts have ("*****").
/// </summary>
internal enum ScorePrecision
{
    /// <summary>Every sum is rounded to float32 (sentencepiece 0.2.3).</summary>
    Single,

    /// <summary>Sums in double, compared with a stored float32 (the sentencepiece that TF-Text 2.15 has in it).</summary>
    StoredSingle,
}

/// <summary>A piece found in a text: its id and its range in units.</summary>
internal readonly record struct Segment(int Id, int Start, int End);

/// <summary>
/// Cuts a normalised text into the pieces whose scores have the largest sum (Viterbi; EncodeOptimized in unigram_model.cc of sentencepiece). Of equal
/// sums the one found first stays.
/// </summary>
internal sealed class Unigram
{
    private readonly PieceTrie trie;
    private readonly double[] scores;
    private readonly double unknownScore;
    private readonly int unknownId;
    private readonly ScorePrecision precision;

    /// <param name="pieces">The pieces that a text can be cut into; no two are equal.</param>
    /// <param name="scores">The score of each piece by id.</param>
    /// <param name="unknownScore">The score of a character that no piece of its length matches.</param>
    /// <param name="unknownId">The id of such a character.</param>
    /// <param name="precision">How scores are added up.</param>
    public Unigram(IReadOnlyCollection<(string Text, int Id)> pieces, double[] scores, double unknownScore, int unknownId, ScorePrecision precision)
    {
        trie = new PieceTrie(pieces);
        this.scores = scores;
        this.unknownScore = unknownScore;
        this.unknownId = unknownId;
        this.precision = precision;
    }

    /// <summary>Cuts a text without lone surrogates; each unknown character is a segment of its own.</summary>
    /// <returns>The segments from left to right, in the memory of <paramref name="paths"/>.</returns>
    public ReadOnlySpan<Segment> Cut(ReadOnlySpan<char> text, UnigramPaths paths)
    {
        paths.Start(text.Length);
        if (precision == ScorePrecision.Single)
        {
            FindPaths<SingleSums>(text, paths.Best);
        }
        else
        {
            FindPaths<StoredSingleSums>(text, paths.Best);
        }

        return paths.Trace(text.Length);
    }

    private void FindPaths<TSums>(ReadOnlySpan<char> text, Span<UnigramPaths.Step> best)
        where TSums : struct, ISums
    {
        var scores = this.scores;
        for (var from = 0; from < text.Length;)
        {
            var width = char.IsHighSurrogate(text[from]) ? 2 : 1;
            var before = best[from].Score;
            var hasOwnPiece = false;
            var node = PieceTrie.Root;
            for (var i = from; i < text.Length;)
            {
                node = trie.Step(node, text[i]);
                if (node < 0)
                {
                    break;
                }

                i++;
                var id = trie.Id(node);
                if (id >= 0)
                {
                    Offer<TSums>(ref best[i], TSums.Add(before, scores[id]), from, id);
                    hasOwnPiece |= i - from == width;
                }
            }

            if (!hasOwnPiece)
            {
                Offer<TSums>(ref best[from + width], TSums.AddUnknown(before, unknownScore), from, unknownId);
            }

            from += width;
        }
    }

    private static void Offer<TSums>(ref UnigramPaths.Step target, double score, int from, int id)
        where TSums : struct, ISums
    {
        if (target.From < 0 || score > target.Score)
        {
            target = new UnigramPaths.Step(TSums.Store(score), from, id);
        }
    }

    private interface ISums
    {
        static abstract double Add(double path, double piece);

        static abstract double AddUnknown(double path, double unknown);

        static abstract double Store(double sum);
    }

    private readonly struct SingleSums : ISums
    {
        // A sum of two float32 in double, rounded to float32, is their float32 sum.
        public static double Add(double path, double piece) => (float)(path + piece);

        public static double AddUnknown(double path, double unknown) => (float)(path + unknown);

        public static double Store(double sum) => sum;
    }

    private readonly struct StoredSingleSums : ISums
    {
        public static double Add(double path, double piece) => path + piece;

        // The one sum that is float32 there, since both sides are.
        public static double AddUnknown(double path, double unknown) => (float)(path + unknown);

        public static double Store(double sum) => (float)sum;
    }
}

/// <summary>Reused working memory of <see cref="Unigram"/>: the best path to each place of a text.</summary>
internal sealed class UnigramPaths
{
    private Step[] best = new Step[256];
    private Segment[] segments = new Segment[256];

    /// <summary>The last step of the best path to a place: its sum, where the piece starts (−1 where none was found yet), its id.</summary>
    public readonly record struct Step(double Score, int From, int Id);

    public Span<Step> Best => best;

    public void Start(int length)
    {
        if (best.Length <= length)
        {
            best = new Step[(int)Math.Min(Array.MaxLength, Math.Max(length + 1L, best.Length * 2L))];
            segments = new Segment[best.Length];
        }

        best.AsSpan(0, length + 1).Fill(new Step(0, -1, -1));
    }

    public ReadOnlySpan<Segment> Trace(int length)
    {
        var first = segments.Length;
        for (var end = length; end > 0;)
        {
            var step = best[end];
            segments[--first] = new Segment(step.Id, step.From, end);
            end = step.From;
        }

        return segments.AsSpan(first);
    }
}
