namespace Beret.Numerics;

internal sealed partial class Ops
{
    /// <summary>The logits of documents from those of their windows: [B, K] → [D, K]. Where every document has one window they are what they were.</summary>
    public Value PoolWindows(Value logits, in BatchIndices batch, WindowPooling pooling) =>
        batch.Windows.Count == 0 ? logits : PoolWindows(logits, batch.Windows, pooling);

    /// <summary>The logits of documents from those of their windows.</summary>
    /// <param name="logits">[B, K].</param>
    /// <param name="windows">D + 1 row numbers: document d has rows windows[d] … windows[d+1]−1.</param>
    /// <param name="pooling">How.</param>
    /// <returns>[D, K].</returns>
    public Value PoolWindows(Value logits, Indices windows, WindowPooling pooling)
    {
        var documents = new BatchIndices { Starts = windows };
        return pooling == WindowPooling.Max ? Max(logits, documents) : Mean(logits, documents);
    }
}
