using Beret.Models;
using Beret.Numerics;

namespace Beret.Inference;

/// <summary>
/// Forward passes of a classifier on an existing model and backend: a packed batch in, logits out. Keeps its working memory from one batch to the next, so that
/// a batch no larger than one before allocates nothing. For one thread at a time. Weights that were packed (<see cref="ParameterSet.Pack"/>) are used packed.
/// </summary>
/// <param name="model">Stays the caller's.</param>
/// <param name="backend">Where the model's parameters live; stays the caller's.</param>
internal sealed class BatchRunner(SequenceClassifier model, IBackend backend) : IDisposable
{
    private readonly Arena arena = new(backend);
    private Ops? ops;

    /// <summary>The number of logits of a sequence, K.</summary>
    public int Outputs => model.Outputs;

    /// <summary>Bytes of working memory held.</summary>
    public long Bytes => arena.Capacity;

    /// <summary>Computes the logits of every sequence of a batch.</summary>
    /// <param name="batch">B sequences.</param>
    /// <param name="logits">Receives [B, K], row-major.</param>
    /// <exception cref="ModelException">A token id, position or type has no row in the model's tables.</exception>
    public void Run(PackedBatch batch, Span<float> logits)
    {
        if (logits.Length != (long)batch.Sequences * Outputs)
        {
            throw new ArgumentException($"{batch.Sequences} sequences have {(long)batch.Sequences * Outputs} logits, not {logits.Length}", nameof(logits));
        }

        if (batch.Sequences == 0)
        {
            return;
        }

        model.Encoder.Check(batch);
        ops ??= new Ops(backend, arena, tape: null);
        ops.Begin();
        var indices = ops.Upload(batch);
        backend.Read(model.Forward(ops, indices).Logits.Data, logits);
    }

    public void Dispose() => arena.Dispose();
}
