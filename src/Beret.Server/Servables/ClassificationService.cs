using Beret.Inference;
using Beret.Server.Operations;
using Beret.Server.Scheduling;
using Beret.Tokens;
using Microsoft.Extensions.Logging;

namespace Beret.Server.Servables;

/// <summary>What every protocol ends in: texts in, predictions out, through limits, tokenizer and scheduler.</summary>
internal sealed class ClassificationService(Scheduler scheduler, ServingLimits limits, TimeProvider clock, ServerMetrics metrics, ILogger log)
{
    /// <summary>Classifies the texts of one request.</summary>
    /// <param name="model">On which the caller holds a lease.</param>
    /// <param name="texts">At least one.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="refuseCut">Whether a text that has more tokens than the model reads is refused.</param>
    /// <returns>A prediction for each text, or what was wrong with it.</returns>
    /// <exception cref="ServingException">The request as a whole is not answered.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task<IReadOnlyList<TextOutcome>> ClassifyAsync(ModelVersion model, IReadOnlyList<TextPair> texts, Caller caller, bool refuseCut = false)
    {
        Check(texts);
        using var deadline = new CancellationTokenSource(limits.Timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, caller.Cancellation);
        var outcomes = new TextOutcome[texts.Count];
        var (encoded, places) = Tokenize(model, texts, outcomes, refuseCut, either.Token);
        if (encoded.Count == 0)
        {
            return outcomes;
        }

        // The last text may end after its caller has gone: the weights must be there until then.
        model.TryAcquire();
        var request = new TextRequest(model, encoded, caller.Client, model.Release);
        try
        {
            var answers = await scheduler.RunAsync(request, either.Token).ConfigureAwait(false);
            for (var i = 0; i < places.Count; i++)
            {
                outcomes[places[i]] = answers[i];
                if (answers[i].Error is { } error and not BeretException)
                {
                    log.TextFailed(error, model.Name, model.Number);
                }
            }

            return outcomes;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !caller.Cancellation.IsCancellationRequested)
        {
            throw new ServingException(ServingError.DeadlineExceeded, $"the answer was not there within {limits.Timeout.TotalSeconds} s: the server has too much to do; ask again later, or for fewer texts at once");
        }
    }

    private void Check(IReadOnlyList<TextPair> texts)
    {
        if (texts.Count > limits.Texts)
        {
            throw ServingException.TooManyTexts(texts.Count, limits.Texts);
        }

        for (var i = 0; i < texts.Count; i++)
        {
            var length = texts[i].Text.Length + (texts[i].Pair?.Length ?? 0);
            if (length > limits.Characters)
            {
                throw new ServingException(ServingError.TooLarge, $"text {i} has {length} characters; the server takes {limits.Characters}");
            }
        }
    }

    private (List<EncodedText> Encoded, List<int> Places) Tokenize(
        ModelVersion model, IReadOnlyList<TextPair> texts, TextOutcome[] outcomes, bool refuseCut, CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        var encoded = new List<EncodedText>(texts.Count);
        var places = new List<int>(texts.Count);
        try
        {
            for (var i = 0; i < texts.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    encoded.Add(model.Tokenize(texts[i]));
                    places.Add(i);
                }
                catch (BeretException error)
                {
                    outcomes[i] = new TextOutcome(null, error);
                    continue;
                }

                if (refuseCut && encoded[^1].Cut > 0)
                {
                    throw new ServingException(
                        ServingError.TooLarge,
                        $"`inputs` must have less than {model.Description.MaxLength} tokens. Given: {encoded[^1].Count + encoded[^1].Cut}");
                }
            }
        }
        catch
        {
            encoded.ForEach(text => text.Return());
            throw;
        }

        metrics.Tokenized(clock.GetElapsedTime(began));
        return (encoded, places);
    }
}
