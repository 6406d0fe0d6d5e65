using Beret.Inference;
using Beret.Server.Operations;
using Beret.Tokens;

namespace Beret.Server.Scheduling;

/// <summary>
/// Continuous batching: one thread computes batch after batch of whatever waits, and nothing waits for a batch to fill. The models compute with their own worker threads, so one
/// batch at a time keeps the machine busy.
/// </summary>
internal sealed class Scheduler : IDisposable
{
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    private readonly object gate = new();
    private readonly SchedulerSettings settings;
    private readonly BatchQueue queue;
    private readonly TimeProvider clock;
    private readonly ServerMetrics metrics;
    private readonly Thread? loop;
    private double tokensPerSecond;
    private bool isStopping;

    /// <param name="settings">The sizes of batches and queue.</param>
    /// <param name="clock">Measures how fast the queue empties.</param>
    /// <param name="metrics">Told of each batch.</param>
    /// <param name="isStepped">Whether the caller computes each batch himself (<see cref="RunNext"/>), and not a thread.</param>
    public Scheduler(SchedulerSettings settings, TimeProvider clock, ServerMetrics metrics, bool isStepped = false)
    {
        this.settings = settings;
        queue = new BatchQueue(settings.BatchTokens, settings.QueueTokens);
        this.clock = clock;
        this.metrics = metrics;
        metrics.ObserveQueue(() => Waiting);
        if (!isStepped)
        {
            loop = new Thread(Run) { IsBackground = true, Name = "beret scheduler" };
            loop.Start();
        }
    }

    /// <summary>What waits.</summary>
    public (int Texts, long Tokens) Waiting
    {
        get
        {
            lock (gate)
            {
                return (queue.Texts, queue.Tokens);
            }
        }
    }

    /// <summary>Waits for the texts' turns and for their answers.</summary>
    /// <param name="cancellation">The client has gone, or has waited long enough: what still waits leaves the queue.</param>
    /// <exception cref="ServingException">There is no room, or the server is stopping; the request's texts have ended.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task<IReadOnlyList<TextOutcome>> RunAsync(TextRequest request, CancellationToken cancellation)
    {
        if (Refusal(request) is { } refused)
        {
            EndAll(request.Texts, refused);
            throw refused;
        }

        try
        {
            await request.Completion.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Withdraw(request);
            throw;
        }

        return request.Outcomes;
    }

    /// <summary>Computes the next batch.</summary>
    /// <returns>Whether there was one.</returns>
    public bool RunNext()
    {
        IReadOnlyList<QueuedText> batch;
        lock (gate)
        {
            batch = queue.Take();
        }

        if (batch.Count == 0)
        {
            return false;
        }

        Compute(batch);
        return true;
    }

    /// <summary>Takes no more requests, computes what waits, and ends.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isStopping = true;
            Monitor.PulseAll(gate);
        }

        loop?.Join();
    }

    private ServingException? Refusal(TextRequest request)
    {
        lock (gate)
        {
            if (isStopping)
            {
                return new ServingException(ServingError.Unavailable, "the server is stopping");
            }

            var wait = TimeFor(queue.TokensUntil(request));
            if ((queue.Texts == 0 || wait <= settings.LongestWait) && queue.TryAdd(request))
            {
                foreach (var text in request.Texts)
                {
                    text.Arrived = clock.GetTimestamp();
                }

                Monitor.Pulse(gate);
                return null;
            }

            return new ServingException(
                ServingError.Overloaded, $"the server is overloaded: {queue.Texts} texts of {queue.Tokens} tokens wait, and these {request.Texts.Count} of {request.Tokens} have no room; ask again later")
            {
                RetryAfter = wait < ShortestRetry ? ShortestRetry : wait > LongestRetry ? LongestRetry : wait,
            };
        }
    }

    /// <summary>How long tokens take, as fast as it goes now; nothing before the first batch.</summary>
    private TimeSpan TimeFor(long tokens) => tokensPerSecond == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(tokens / tokensPerSecond, TimeSpan.SecondsPerDay));

    private void Withdraw(TextRequest request)
    {
        IReadOnlyList<QueuedText> withdrawn;
        lock (gate)
        {
            withdrawn = queue.Withdraw(request);
        }

        EndAll(withdrawn, new OperationCanceledException());
    }

    private void Run()
    {
        while (true)
        {
            lock (gate)
            {
                while (queue.Texts == 0)
                {
                    if (isStopping)
                    {
                        return;
                    }

                    Monitor.Wait(gate);
                }
            }

            RunNext();
        }
    }

    private void Compute(IReadOnlyList<QueuedText> batch)
    {
        var began = clock.GetTimestamp();
        foreach (var text in batch)
        {
            metrics.TextWaited(clock.GetElapsedTime(text.Arrived, began));
        }

        var model = batch[0].Request.Model;
        var outcomes = Predict(model, batch);
        var took = clock.GetElapsedTime(began);
        var tokens = batch.Sum(text => (long)text.Tokens);
        metrics.BatchComputed(model.Name, batch.Count, tokens, took);
        if (took > TimeSpan.Zero)
        {
            var speed = tokens / took.TotalSeconds;
            lock (gate)
            {
                tokensPerSecond = tokensPerSecond == 0 ? speed : 0.8 * tokensPerSecond + 0.2 * speed;
            }
        }

        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Request.End(batch[i], outcomes[i]);
        }
    }

    /// <summary>The texts' answers. Where a batch fails, each text is asked for alone, so that the one that fails it takes no other with it.</summary>
    private static TextOutcome[] Predict(IBatchModel model, IReadOnlyList<QueuedText> batch)
    {
        var texts = new EncodedTexts(batch.Count);
        foreach (var text in batch)
        {
            texts.Add(text.Encoded);
        }

        var predictions = new Prediction[batch.Count];
        try
        {
            model.Predict(texts, predictions);
            return [.. predictions.Select(prediction => (TextOutcome)prediction)];
        }
        catch (Exception error)
        {
            return batch.Count == 1 ? [new TextOutcome(null, error)] : [.. batch.Select(text => Predict(model, [text])[0])];
        }
    }

    private static void EndAll(IReadOnlyList<QueuedText> texts, Exception error)
    {
        foreach (var text in texts)
        {
            text.Request.End(text, new TextOutcome(null, error));
        }
    }
}
