using Beret.Data;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Inference;

/// <summary>How far an evaluation is.</summary>
/// <param name="Texts">Texts done; while they are still being tokenized, for which a file is written, those that are tokenized.</param>
/// <param name="AllTexts">Texts to do.</param>
/// <param name="Tokens">Tokens done; the time that is left goes by these, for the longest texts come first.</param>
/// <param name="AllTokens">Tokens to do; 0 while the texts are still being tokenized.</param>
public readonly record struct EvaluationProgress(int Texts, int AllTexts, long Tokens, long AllTokens);

/// <summary>A model on many texts.</summary>
/// <param name="threads">Threads that tokenize.</param>
internal sealed class Evaluator(TextScorer scorer, Tokenizer tokenizer, EncodeOptions options, int threads)
{
    /// <summary>The logits of all texts in their order, [texts, K].</summary>
    public float[] Logits(IReadOnlyList<Example> texts, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        progress?.Report(new EvaluationProgress(0, texts.Count, 0, 0));
        using var store = TokenStore.Build(
            tokenizer, texts, options, threads, state => progress?.Report(new EvaluationProgress(state.Texts, state.AllTexts, 0, 0)), cancellation);
        var logits = new float[(long)store.Count * scorer.Outputs];
        var (done, tokens) = (0, 0L);
        scorer.Score(
            store, logits,
            (count, rows) =>
            {
                done += count;
                tokens += rows;
                progress?.Report(new EvaluationProgress(done, store.Count, tokens, store.Tokens));
            },
            cancellation);
        return logits;
    }
}
