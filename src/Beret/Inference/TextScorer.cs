using System.Buffers;
using Beret.Data;
using Beret.Numerics;
using Beret.Text;
using Beret.Tokens;

namespace Beret.Inference;

/// <summary>
/// Logits of tokenized texts in any number, in batches of like length. Any number of threads may ask at once; they take turns batch by batch. What a text gets
/// does not depend on the texts beside it, bit for bit.
/// </summary>
/// <param name="runner">Stays the caller's, and is used by nobody else meanwhile.</param>
internal sealed class TextScorer(BatchRunner runner)
{
    /// <summary>
    /// The most tokens of a batch, unless a single text has more: enough rows to keep every thread of a large machine busy, few enough that the activations of a layer
    /// stay within a few tens of megabytes.
    /// </summary>
    public const int MostTokens = 4096;

    private const int MostTexts = 256;

    private readonly Lock turn = new();
    private readonly PackedBatch batch = new();
    private readonly float[] logits = new float[MostTexts * runner.Outputs];

    /// <summary>The number of logits of a text.</summary>
    public int Outputs => runner.Outputs;

    /// <summary>The logits of the text in a buffer.</summary>
    public void Score(TokenBuffer text, Span<float> result)
    {
        if (text.Windows > 1)
        {
            var one = new EncodedTexts(1);
            one.Add(new EncodedText(text));
            Score(one, result);
            one.Return();
            return;
        }

        lock (turn)
        {
            batch.Clear();
            batch.Add(text.Ids, text.Types);
            runner.Run(batch, result);
        }
    }

    /// <summary>The logits of many texts, [texts, K] in their order. Windows are batched like texts, each by itself, and pooled in the end.</summary>
    /// <param name="done">Told after each batch how many texts it finished, and how many tokens it had.</param>
    /// <exception cref="OperationCanceledException">Cancelled, between two batches.</exception>
    public void Score(ITokenizedTexts texts, Span<float> result, Action<int, int>? done = null, CancellationToken cancellation = default)
    {
        var windows = new WindowList(texts);
        if (windows.Starts.IsEmpty)
        {
            Score(windows, result, done, cancellation);
            return;
        }

        var all = ArrayPool<float>.Shared.Rent(checked(windows.Count * Outputs));
        var ofWindows = all.AsSpan(0, windows.Count * Outputs);
        Score(windows, ofWindows, done, cancellation);
        lock (turn)
        {
            runner.Pool(ofWindows, windows.Starts, result);
        }

        ArrayPool<float>.Shared.Return(all);
    }

    private void Score(in WindowList windows, Span<float> result, Action<int, int>? done, CancellationToken cancellation)
    {
        var lengths = ArrayPool<int>.Shared.Rent(windows.Count);
        for (var i = 0; i < windows.Count; i++)
        {
            lengths[i] = windows.LengthOf(i);
        }

        var plan = LengthBatches.Plan(lengths.AsSpan(0, windows.Count), MostTexts, MostTokens);
        ArrayPool<int>.Shared.Return(lengths);
        for (var i = 0; i < plan.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var tokens = Score(windows, plan[i], result);
            done?.Invoke(windows.Finish(plan[i]), tokens);
        }
    }

    private int Score(in WindowList windows, ReadOnlySpan<int> members, Span<float> result)
    {
        lock (turn)
        {
            batch.Clear();
            foreach (var member in members)
            {
                windows.AddTo(batch, member);
            }

            runner.Run(batch, logits.AsSpan(0, members.Length * Outputs));
            for (var i = 0; i < members.Length; i++)
            {
                logits.AsSpan(i * Outputs, Outputs).CopyTo(result.Slice(members[i] * Outputs, Outputs));
            }

            return batch.Tokens;
        }
    }
}
