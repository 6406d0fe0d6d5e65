namespace Beret.Server.Scheduling;

/// <summary>
/// The texts that wait, and which of them are computed next. Clients take turns by tokens (start-time fair queueing: a client's text starts, in virtual time, when that client's
/// text before it ends, and the earliest start is next), so who sends much waits long, and who sends little is answered as if alone. The text whose turn it is takes others of the
/// same model with it, up to a budget of tokens: of those whose turn is near, the ones that are nearest to it in length. Not for two threads at once; knows no clock.
/// </summary>
/// <param name="budget">The most tokens of a batch; a text that has more goes alone.</param>
/// <param name="capacity">
/// The most tokens that a request may have before it, its own with them (<see cref="TokensUntil"/>). One that finds the queue empty is taken whatever its size.
/// </param>
internal sealed class BatchQueue(int budget, long capacity)
{
    /// <summary>The most texts of a batch.</summary>
    public const int MostTexts = 256;

    // How many budgets of tokens are looked over for texts of like length. What is passed over now has its turn so many batches later at most.
    private const int Lookahead = 4;

    private const int MostIdleClients = 1024;

    private static readonly Comparer<QueuedText> ByTurn = Comparer<QueuedText>.Create(
        (a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Number.CompareTo(b.Number));

    private readonly Dictionary<IBatchModel, SortedSet<QueuedText>> waiting = [];
    private readonly Dictionary<string, long> ends = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> tokensOf = new(StringComparer.Ordinal);
    private long virtualTime;
    private long number;

    /// <summary>Texts that wait.</summary>
    public int Texts { get; private set; }

    /// <summary>Tokens that wait.</summary>
    public long Tokens { get; private set; }

    /// <summary>
    /// How many tokens are computed until a request is answered, if it comes now and nobody else does: at most all that wait, and no more than its client's own for each client that waits,
    /// since they take turns. So what one client has sent fills the queue for that one, and not for others.
    /// </summary>
    public long TokensUntil(TextRequest request)
    {
        var own = tokensOf.GetValueOrDefault(request.Client);
        var clients = tokensOf.Count + (own > 0 ? 0 : 1);
        return Math.Min(Tokens + request.Tokens, (own + request.Tokens) * clients);
    }

    /// <summary>Takes all texts of a request, or none.</summary>
    /// <returns>Whether there was room.</returns>
    public bool TryAdd(TextRequest request)
    {
        if (Texts > 0 && TokensUntil(request) > capacity)
        {
            return false;
        }

        if (!waiting.TryGetValue(request.Model, out var texts))
        {
            waiting.Add(request.Model, texts = new SortedSet<QueuedText>(ByTurn));
        }

        var start = Math.Max(virtualTime, ends.GetValueOrDefault(request.Client));
        foreach (var text in request.Texts)
        {
            (text.Start, text.Number) = (start, number++);
            start += text.Tokens;
            texts.Add(text);
        }

        ends[request.Client] = start;
        tokensOf[request.Client] = tokensOf.GetValueOrDefault(request.Client) + request.Tokens;
        Texts += request.Texts.Count;
        Tokens += request.Tokens;
        return true;
    }

    /// <summary>Takes the next batch out of the queue; it is empty only where the queue is.</summary>
    public IReadOnlyList<QueuedText> Take()
    {
        if (Texts == 0)
        {
            return [];
        }

        var head = waiting.Values.Select(texts => texts.Min!).Min(ByTurn)!;
        virtualTime = head.Start;
        var batch = new List<QueuedText> { head };
        var room = budget - head.Tokens;
        foreach (var text in Candidates(head))
        {
            if (batch.Count == MostTexts)
            {
                break;
            }

            if (text.Tokens <= room)
            {
                batch.Add(text);
                room -= text.Tokens;
            }
        }

        foreach (var text in batch)
        {
            Remove(text);
        }

        ForgetIdleClients();
        return batch;
    }

    /// <summary>Takes those texts of a request out that still wait.</summary>
    /// <returns>The texts, which have not ended yet.</returns>
    public IReadOnlyList<QueuedText> Withdraw(TextRequest request)
    {
        if (!waiting.TryGetValue(request.Model, out var texts))
        {
            return [];
        }

        IReadOnlyList<QueuedText> withdrawn = [.. request.Texts.Where(texts.Contains)];
        foreach (var text in withdrawn)
        {
            Remove(text);
            if (ends.TryGetValue(request.Client, out var end))
            {
                // The client had nothing for them.
                ends[request.Client] = end - text.Tokens;
            }
        }

        return withdrawn;
    }

    /// <summary>The texts that might go with the one whose turn it is, those first that should.</summary>
    private IEnumerable<QueuedText> Candidates(QueuedText head)
    {
        var near = new List<QueuedText>();
        var tokens = (long)head.Tokens;
        foreach (var text in waiting[head.Request.Model].Skip(1))
        {
            tokens += text.Tokens;
            if (near.Count > 0 && (tokens > (long)Lookahead * budget || near.Count == Lookahead * MostTexts))
            {
                break;
            }

            near.Add(text);
        }

        return tokens <= budget ? near : near.OrderBy(text => Math.Abs(text.Encoded.Length - head.Encoded.Length));
    }

    private void Remove(QueuedText text)
    {
        var texts = waiting[text.Request.Model];
        texts.Remove(text);
        if (texts.Count == 0)
        {
            waiting.Remove(text.Request.Model);
        }

        Texts--;
        Tokens -= text.Tokens;
        if ((tokensOf[text.Request.Client] -= text.Tokens) == 0)
        {
            tokensOf.Remove(text.Request.Client);
        }
    }

    /// <summary>Forgets clients that have had all their turns: they would begin at the present anyway.</summary>
    private void ForgetIdleClients()
    {
        if (Texts == 0)
        {
            ends.Clear();
            virtualTime = 0;
        }
        else if (ends.Count > MostIdleClients)
        {
            foreach (var client in ends.Where(pair => pair.Value <= virtualTime).Select(pair => pair.Key).ToList())
            {
                ends.Remove(client);
            }
        }
    }
}
