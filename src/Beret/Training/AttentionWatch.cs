using Beret.Numerics;
using Beret.Numerics.Reference;

namespace Beret.Training;

/// <summary>Sees the queries, keys and values of the first attention, from which the reference kernel makes the probabilities.</summary>
internal sealed class AttentionWatch(IBackend inner) : ForwardingBackend(inner)
{
    /// <summary>For each sequence [heads, queries, keys]; empty before the first attention.</summary>
    public float[][] FirstProbabilities { get; private set; } = [];

    /// <summary>Before another batch.</summary>
    public void Clear() => FirstProbabilities = [];

    public override void Attention(
        Matrix queryKeyValue, Indices starts, int longest, int heads, Dropout dropout, Matrix logSumExp, Matrix context)
    {
        if (FirstProbabilities.Length == 0)
        {
            FirstProbabilities =
                [.. Enumerable.Range(0, starts.Count - 1).Select(b => ReferenceBackend.AttentionProbabilities(queryKeyValue, starts, heads, b))];
        }

        base.Attention(queryKeyValue, starts, longest, heads, dropout, logSumExp, context);
    }

    public override void Dispose()
    {
    }
}
