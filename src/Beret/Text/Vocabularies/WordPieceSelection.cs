namespace Beret.Text.Vocabularies;

/// <summary>
/// Chooses the pieces with which WordPiece, which takes the longest piece from the left, needs the fewest tokens for the counted words.
/// </summary>
/// <remarks>
/// With all pieces equally likely that is the vocabulary of the greatest likelihood. From one pass over the words follow, exactly for each piece by itself, the tokens that it saves and
/// those that it would save. So the vocabulary first grows by what would save most; then pieces are exchanged: some that would save most come in, and as many that save least go,
/// fewer in each round. The best vocabulary on the way is taken.
/// </remarks>
internal sealed class WordPieceSelection
{
    private const double Growth = 0.25;
    private const double FirstExchange = 0.3;
    private const double Cooling = 0.8;
    private const double LastExchange = 0.001;

    private readonly PieceTable pieces;
    private readonly WordTable words;
    private readonly ParallelOptions parallel;
    private readonly int[] shards;
    private readonly bool[] isIn;
    private readonly long[] saves;
    private long[] uses = [];

    public WordPieceSelection(PieceTable pieces, int threads, CancellationToken cancellation)
    {
        this.pieces = pieces;
        words = pieces.Words;
        parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        shards = Shards.Of(words, threads);
        isIn = new bool[pieces.Count];
        saves = new long[pieces.Count];
        isIn.AsSpan(..pieces.Characters).Fill(true);
    }

    /// <summary>The tokens of all words with the chosen pieces.</summary>
    public long Tokens { get; private set; }

    /// <summary>How often each piece is used.</summary>
    public ReadOnlySpan<long> Uses => uses;

    /// <summary>Chooses at most so many pieces, the single characters among them.</summary>
    /// <returns>The chosen pieces: the single characters, then the others, the most used first.</returns>
    public int[] Choose(int size, IProgress<double>? progress)
    {
        Grow(size);
        var rounds = (int)Math.Ceiling(Math.Log(LastExchange / FirstExchange) / Math.Log(Cooling));
        var exchange = FirstExchange;
        var (best, fewest) = ((bool[])isIn.Clone(), Tokens);
        for (var round = 1; round <= rounds; round++, exchange *= Cooling)
        {
            Enter(size + Math.Max(1, (int)(size * exchange)));
            Segment();
            Leave(size);
            Segment();
            if (Tokens < fewest)
            {
                fewest = Tokens;
                isIn.CopyTo(best, 0);
            }

            progress?.Report(round / (double)rounds);
        }

        best.CopyTo(isIn, 0);
        Segment();
        LeaveUnused();
        Enter(size);
        Segment();
        return [.. Enumerable.Range(0, pieces.Characters),
            .. Enumerable.Range(pieces.Characters, pieces.Count - pieces.Characters)
                .Where(piece => isIn[piece]).OrderByDescending(piece => uses[piece]).ThenBy(piece => piece)];
    }

    /// <summary>Takes in pieces a few at a time, since what one saves another no longer does.</summary>
    private void Grow(int size)
    {
        Segment();
        for (var count = pieces.Characters; count < size;)
        {
            count = Math.Min(size, count + Math.Max(1, (int)((count - pieces.Characters) * Growth)));
            Enter(count);
            Segment();
        }
    }

    /// <summary>Takes in pieces that would save most, until there are so many.</summary>
    private void Enter(int size)
    {
        var room = size - isIn.Count(chosen => chosen);
        foreach (var piece in Enumerable.Range(0, pieces.Count).Where(piece => !isIn[piece] && saves[piece] > 0)
            .OrderByDescending(piece => saves[piece]).ThenBy(piece => piece).Take(Math.Max(0, room)))
        {
            isIn[piece] = true;
        }
    }

    /// <summary>Gives up the pieces that save least, until so many are left.</summary>
    private void Leave(int size)
    {
        var surplus = isIn.Count(chosen => chosen) - size;
        foreach (var piece in Enumerable.Range(pieces.Characters, pieces.Count - pieces.Characters).Where(piece => isIn[piece])
            .OrderBy(piece => saves[piece]).ThenByDescending(piece => piece).Take(Math.Max(0, surplus)))
        {
            isIn[piece] = false;
        }
    }

    /// <summary>Gives up pieces that others have made superfluous.</summary>
    private void LeaveUnused()
    {
        for (var piece = pieces.Characters; piece < isIn.Length; piece++)
        {
            isIn[piece] &= uses[piece] > 0;
        }
    }

    /// <summary>Cuts all words and finds what each piece saves, or would save.</summary>
    private void Segment()
    {
        var parts = new (long Tokens, long[] Saves, long[] Uses)[shards.Length - 1];
        Parallel.For(0, parts.Length, parallel, shard => parts[shard] = Segment(shards[shard], shards[shard + 1]));
        Array.Clear(saves);
        uses = new long[pieces.Count];
        Tokens = 0;
        foreach (var part in parts)
        {
            Tokens += part.Tokens;
            for (var piece = 0; piece < saves.Length; piece++)
            {
                saves[piece] += part.Saves[piece];
                uses[piece] += part.Uses[piece];
            }
        }
    }

    private (long Tokens, long[] Saves, long[] Uses) Segment(int fromWord, int toWord)
    {
        var (total, saves, uses) = (0L, new long[pieces.Count], new long[pieces.Count]);
        var lengths = pieces.Lengths;

        // Of each place in the word: the tokens from there to the end, with the longest piece there and with the longest but one.
        var tokens = new int[words.LongestWord + 1];
        var second = new int[words.LongestWord + 1];
        var longest = new int[words.LongestWord + 1];
        for (var word = fromWord; word < toWord; word++)
        {
            var (start, end, count) = (words.Starts[word], words.Starts[word + 1], words.Counts[word]);
            tokens[end - start] = 0;
            for (var place = end - 1; place >= start; place--)
            {
                var (at, found) = (place - start, 0);
                var fitting = pieces.At(place);
                for (var k = fitting.Length - 1; k >= 0 && found < 2; k--)
                {
                    if (isIn[fitting[k]])
                    {
                        var after = 1 + tokens[at + lengths[fitting[k]]];
                        if (found++ == 0)
                        {
                            (longest[at], tokens[at]) = (fitting[k], after);
                        }

                        second[at] = after;
                    }
                }
            }

            total += tokens[0] * count;
            for (var at = 0; at < end - start; at += lengths[longest[at]])
            {
                var taken = longest[at];
                uses[taken] += count;
                saves[taken] += (second[at] - tokens[at]) * count;
                var fitting = pieces.At(start + at);
                for (var k = fitting.Length - 1; fitting[k] != taken; k--)
                {
                    saves[fitting[k]] += (tokens[at] - 1 - tokens[at + lengths[fitting[k]]]) * count;
                }
            }
        }

        return (total, saves, uses);
    }
}
