namespace Beret.Text.Vocabularies;

/// <summary>
/// A unigram language model of pieces, estimated from the counted words by expectation maximisation and reduced, round by round, by the pieces whose loss makes the words least
/// unlikely (Kudo 2018, Subword Regularization, section 3.2), with the details of SentencePiece's trainer.
/// </summary>
internal sealed class UnigramEstimation
{
    // Sums of floating-point numbers depend on how they are divided; so this does not depend on the number of threads.
    private const int ShardCount = 16;
    private const int Iterations = 2;
    private const double KeptShare = 0.75;
    private const double LeastExpectedCount = 0.5;

    private readonly PieceTable pieces;
    private readonly WordTable words;
    private readonly ParallelOptions parallel;
    private readonly int[] shards;
    private readonly bool[] isIn;
    private readonly double[] scores;

    public UnigramEstimation(PieceTable pieces, int threads, CancellationToken cancellation)
    {
        this.pieces = pieces;
        words = pieces.Words;
        parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        shards = Shards.Of(words, ShardCount);
        isIn = new bool[pieces.Count];
        isIn.AsSpan().Fill(true);
        var total = Math.Log(pieces.Counts.Sum());
        scores = Array.ConvertAll(pieces.Counts, count => Math.Log(count) - total);
    }

    /// <summary>The logarithm of each piece's probability.</summary>
    public ReadOnlySpan<double> Scores => scores;

    /// <summary>Chooses at most so many pieces, the single characters among them.</summary>
    /// <returns>The pieces, the likeliest first.</returns>
    public int[] Choose(int size, IProgress<double>? progress)
    {
        var left = pieces.Count;
        var rounds = Math.Max(1, Math.Log((double)size / left) / Math.Log(KeptShare));
        for (var round = 0; ; round++)
        {
            for (var iteration = 0; iteration < Iterations; iteration++)
            {
                Estimate();
            }

            left = isIn.Count(chosen => chosen);
            progress?.Report(Math.Min(1, (round + 1) / (rounds + 1)));
            if (left <= size)
            {
                break;
            }

            Prune(Math.Max(size, (int)(left * KeptShare)));
        }

        return [.. Enumerable.Range(0, pieces.Count).Where(piece => isIn[piece])
            .OrderByDescending(piece => scores[piece]).ThenBy(piece => piece)];
    }

    /// <summary>A step of expectation maximisation; pieces that are hardly expected go.</summary>
    private void Estimate()
    {
        var expected = Sum<double>(Expect);
        var total = 0.0;
        for (var piece = 0; piece < expected.Length; piece++)
        {
            isIn[piece] &= piece < pieces.Characters || expected[piece] >= LeastExpectedCount;
            expected[piece] = isIn[piece] ? Math.Max(expected[piece], LeastExpectedCount) : 0;
            total += expected[piece];
        }

        // The digamma function in place of the logarithm makes rare pieces rarer still: a Bayesian estimate with a sparse prior.
        var logTotal = Digamma(total);
        for (var piece = 0; piece < expected.Length; piece++)
        {
            scores[piece] = isIn[piece] ? Digamma(expected[piece]) - logTotal : double.NegativeInfinity;
        }
    }

    /// <summary>The expected counts of the pieces in some of the words, over all ways to cut them.</summary>
    private double[] Expect(int fromWord, int toWord)
    {
        var expected = new double[pieces.Count];
        var lengths = pieces.Lengths;

        // Of each place in a word: the logarithm of the probability of the rest, and the share of the ways to cut the word that have a cut there.
        var rest = new double[words.LongestWord + 1];
        var reached = new double[words.LongestWord + 1];
        for (var word = fromWord; word < toWord; word++)
        {
            var (start, end, count) = (words.Starts[word], words.Starts[word + 1], words.Counts[word]);
            rest[end - start] = 0;
            for (var place = end - 1; place >= start; place--)
            {
                var (most, sum) = (double.NegativeInfinity, 0.0);
                foreach (var piece in pieces.At(place))
                {
                    most = Math.Max(most, scores[piece] + rest[place - start + lengths[piece]]);
                }

                foreach (var piece in pieces.At(place))
                {
                    sum += Math.Exp(scores[piece] + rest[place - start + lengths[piece]] - most);
                }

                rest[place - start] = most + Math.Log(sum);
            }

            reached.AsSpan(0, end - start).Clear();
            reached[0] = 1;
            for (var at = 0; at < end - start; at++)
            {
                foreach (var piece in pieces.At(start + at))
                {
                    var share = reached[at] * Math.Exp(scores[piece] + rest[at + lengths[piece]] - rest[at]);
                    reached[at + lengths[piece]] += share;
                    expected[piece] += share * count;
                }
            }
        }

        return expected;
    }

    /// <summary>Keeps so many pieces: the single characters, and those without which the words would lose most likelihood.</summary>
    private void Prune(int size)
    {
        var counts = Sum<long>(CountBest);
        var losses = Losses(counts);
        var kept = Enumerable.Range(pieces.Characters, pieces.Count - pieces.Characters).Where(piece => isIn[piece])
            .OrderByDescending(piece => losses[piece]).ThenBy(piece => piece).Take(Math.Max(0, size - pieces.Characters)).ToArray();
        isIn.AsSpan(pieces.Characters).Clear();
        foreach (var piece in kept)
        {
            isIn[piece] = true;
        }

        for (var piece = 0; piece < isIn.Length; piece++)
        {
            scores[piece] = isIn[piece] ? scores[piece] : double.NegativeInfinity;
        }

        pieces.Keep(isIn);
    }

    /// <summary>
    /// What the words lose when a piece goes: each of its uses is then spelt with the pieces that are best without it, which become more frequent by that.
    /// </summary>
    private double[] Losses(long[] counts)
    {
        var losses = new double[pieces.Count];
        double total = counts.Sum();
        Parallel.For(0, ShardCount, parallel, shard =>
        {
            var best = new BestCut(words.LongestWord);
            for (var piece = pieces.Characters + shard; piece < losses.Length; piece += ShardCount)
            {
                if (isIn[piece] && counts[piece] > 0)
                {
                    best.Find(pieces, scores, pieces.Example(piece), pieces.Example(piece) + pieces.Lengths[piece], without: piece);
                    var others = best.Path();
                    var logOther = Math.Log(total + (counts[piece] * (others.Length - 1.0)));
                    var loss = Math.Log(counts[piece]) - Math.Log(total);
                    foreach (var other in others)
                    {
                        loss -= Math.Log(counts[other] + counts[piece]) - logOther;
                    }

                    losses[piece] = counts[piece] * loss;
                }
            }
        });
        return losses;
    }

    /// <summary>How often each piece is in the best cut of some of the words.</summary>
    private long[] CountBest(int fromWord, int toWord)
    {
        var counts = new long[pieces.Count];
        var best = new BestCut(words.LongestWord);
        for (var word = fromWord; word < toWord; word++)
        {
            best.Find(pieces, scores, words.Starts[word], words.Starts[word + 1]);
            foreach (var piece in best.Path())
            {
                counts[piece] += words.Counts[word];
            }
        }

        return counts;
    }

    /// <summary>Adds up what all shards give, in their order.</summary>
    private T[] Sum<T>(Func<int, int, T[]> part)
        where T : System.Numerics.INumber<T>
    {
        var parts = new T[ShardCount][];
        Parallel.For(0, ShardCount, parallel, shard => parts[shard] = part(shards[shard], shards[shard + 1]));
        var sum = parts[0];
        foreach (var other in parts.Skip(1))
        {
            for (var piece = 0; piece < sum.Length; piece++)
            {
                sum[piece] += other[piece];
            }
        }

        return sum;
    }

    /// <summary>ψ(x), by its recurrence up to 7 and its asymptotic series from there (Abramowitz and Stegun, 6.3.5 and 6.3.18).</summary>
    private static double Digamma(double x)
    {
        var result = 0.0;
        for (; x < 7; x++)
        {
            result -= 1 / x;
        }

        var square = 1 / (x * x);
        return result + Math.Log(x) - (0.5 / x) - (square * ((1.0 / 12) - (square * ((1.0 / 120) - (square * ((1.0 / 252) - (square / 240)))))));
    }
}

/// <summary>The likeliest way to cut a range of symbols into pieces (Viterbi). Reused working memory.</summary>
internal sealed class BestCut(int longestWord)
{
    private readonly double[] rest = new double[longestWord + 1];
    private readonly int[] first = new int[longestWord + 1];
    private readonly int[] path = new int[longestWord];
    private int count;

    /// <summary>Finds it, without one of the pieces if told so.</summary>
    public void Find(PieceTable pieces, double[] scores, int start, int end, int without = -1)
    {
        var lengths = pieces.Lengths;
        rest[end - start] = 0;
        for (var place = end - 1; place >= start; place--)
        {
            var at = place - start;
            rest[at] = double.NegativeInfinity;
            first[at] = -1;
            foreach (var piece in pieces.At(place))
            {
                if (place + lengths[piece] > end)
                {
                    break;
                }

                var score = scores[piece] + rest[at + lengths[piece]];
                if (score > rest[at] && piece != without)
                {
                    (rest[at], first[at]) = (score, piece);
                }
            }
        }

        count = 0;
        for (var at = 0; at < end - start; at += lengths[first[at]])
        {
            path[count++] = first[at];
        }
    }

    /// <summary>The pieces, from the left.</summary>
    public ReadOnlySpan<int> Path() => path.AsSpan(0, count);
}
