using Beret.Data;
using Beret.Text;

namespace Beret.Inference;

/// <summary>How far an evaluation is.</summary>
/// <param name="Texts">Texts done.</param>
/// <param name="AllTexts">Texts to do.</param>
/// <param name="Tokens">Tokens done; the time that is left goes by these, for the longest texts come first.</param>
/// <param name="AllTokens">Tokens to do; 0 while the texts are still being tokenized.</param>
public readonly record struct EvaluationProgress(int Texts, int AllTexts, long Tokens, long AllTokens);

/// <summary>A model on labelled texts.</summary>
internal sealed class Evaluator(TextScorer scorer, Tokenizer tokenizer, EncodeOptions options)
{
    /// <summary>The logits of all texts in their order, [texts, K].</summary>
    public float[] Logits(LabelledTexts texts, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellation = default)
    {
        var encoded = new List<EncodedText>(texts.Examples.Count);
        try
        {
            var buffer = new TokenBuffer();
            long all = 0;
            foreach (var example in texts.Examples)
            {
                cancellation.ThrowIfCancellationRequested();
                if (example.Pair is { } pair)
                {
                    tokenizer.Encode(example.Text, pair, options, buffer);
                }
                else
                {
                    tokenizer.Encode(example.Text, options, buffer);
                }

                encoded.Add(new EncodedText(buffer));
                all += buffer.Count;
                if (encoded.Count % 1000 == 0)
                {
                    progress?.Report(new EvaluationProgress(0, texts.Examples.Count, 0, 0));
                }
            }

            var logits = new float[(long)encoded.Count * scorer.Outputs];
            var (done, tokens) = (0, 0L);
            scorer.Score(
                encoded, logits,
                (count, rows) =>
                {
                    done += count;
                    tokens += rows;
                    progress?.Report(new EvaluationProgress(done, encoded.Count, tokens, all));
                },
                cancellation);
            return logits;
        }
        finally
        {
            EncodedText.Return(encoded);
        }
    }
}
