using Beret.Text;
using Beret.Tokens;

namespace Beret.Inference;

/// <summary>
/// Single texts of threads that ask at the same time. Who finds nobody before him is computed at once; those who come while he is wait, and the first of them then computes all that
/// waits as one batch. Nothing waits for a batch to fill, no thread is started, and a text gets the same bits as alone.
/// </summary>
/// <param name="scorer">Computes the batches.</param>
internal sealed class SharedBatches(TextScorer scorer)
{
    private readonly object gate = new();
    private readonly Queue<Waiting> queue = [];
    private bool isBusy;

    /// <summary>The logits of the text in a buffer.</summary>
    public void Score(TokenBuffer text, Span<float> result)
    {
        Waiting? mine = null;
        lock (gate)
        {
            if (isBusy || queue.Count > 0)
            {
                mine = new Waiting(new EncodedText(text), new float[scorer.Outputs]);
                queue.Enqueue(mine);
                while (isBusy && !mine.IsDone)
                {
                    Monitor.Wait(gate);
                }

                if (mine.IsDone)
                {
                    mine.Take(result);
                    return;
                }
            }

            isBusy = true;
        }

        try
        {
            if (mine is null)
            {
                scorer.Score(text, result);
            }
            else
            {
                while (!mine.IsDone)
                {
                    Score(NextBatch());
                }
            }
        }
        finally
        {
            lock (gate)
            {
                isBusy = false;
                Monitor.PulseAll(gate);
            }
        }

        mine?.Take(result);
    }

    /// <summary>Those who have waited longest, as many as one batch holds.</summary>
    private List<Waiting> NextBatch()
    {
        var batch = new List<Waiting>();
        lock (gate)
        {
            for (var tokens = 0; queue.TryPeek(out var next) && (batch.Count == 0 || tokens + next.Text.Count <= TextScorer.MostTokens); tokens += queue.Dequeue().Text.Count)
            {
                batch.Add(next);
            }
        }

        return batch;
    }

    private void Score(List<Waiting> batch)
    {
        var texts = new EncodedTexts(batch.Count);
        foreach (var one in batch)
        {
            texts.Add(one.Text);
        }

        Exception? fault = null;
        var logits = new float[batch.Count * scorer.Outputs];
        try
        {
            scorer.Score(texts, logits);
        }
        catch (Exception error)
        {
            // It is everybody's, and each is told in his own thread.
            fault = error;
        }

        texts.Return();
        lock (gate)
        {
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].End(logits.AsSpan(i * scorer.Outputs, scorer.Outputs), fault);
            }

            Monitor.PulseAll(gate);
        }
    }

    /// <summary>A text that waits.</summary>
    private sealed class Waiting(EncodedText text, float[] logits)
    {
        private Exception? fault;

        public EncodedText Text => text;

        /// <summary>Whether it has been computed; seen under the lock, or by the thread that computes.</summary>
        public bool IsDone { get; private set; }

        public void End(ReadOnlySpan<float> result, Exception? error)
        {
            result.CopyTo(logits);
            fault = error;
            IsDone = true;
        }

        public void Take(Span<float> result)
        {
            if (fault is not null)
            {
                throw new InferenceException($"the batch that this text was computed in failed: {fault.Message}", fault);
            }

            logits.CopyTo(result);
        }
    }
}
