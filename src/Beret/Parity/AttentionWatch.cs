using Beret.Numerics;
using Beret.Numerics.Reference;

namespace Beret.Parity;

/// <summary>Sees the queries, keys and values of the first attention, from which the reference kernel makes the probabilities.</summary>
internal sealed class AttentionWatch(IBackend inner) : ForwardingBackend(inner)
{
    /// <summary>For each sequence [heads, queries, keys]; empty before the first attention.</summary>
    public float[][] FirstProbabilities { get; private set; } = [];

    /// <summary>Before another batch.</summary>
    public void Clear() => FirstProbabilities = [];

    public override void Attention(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Window window, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        Keep(starts, sequence => ReferenceBackend.AttentionProbabilities(queryKeyValue, starts, heads, window, sequence));
        base.Attention(queryKeyValue, starts, longest, heads, window, dropout, logSumExp, context);
    }

    public override void RelativeAttention(
        Matrix queryKeyValue, in RelativeScores relative, Indices starts, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        var scores = relative;
        Keep(starts, sequence => ReferenceBackend.RelativeAttentionProbabilities(queryKeyValue, scores, starts, heads, sequence));
        base.RelativeAttention(queryKeyValue, relative, starts, heads, dropout, logSumExp, context);
    }

    public override void Dispose()
    {
    }

    private void Keep(Indices starts, Func<int, float[]> probabilities)
    {
        if (FirstProbabilities.Length == 0)
        {
            FirstProbabilities = [.. Enumerable.Range(0, starts.Count - 1).Select(probabilities)];
        }
    }
}
