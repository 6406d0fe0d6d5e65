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

    /// <summary>How the logits of a document are made of those of its windows.</summary>
    public WindowPooling Pooling { get; init; }

    /// <summary>The number of logits of a document, K.</summary>
    public int Outputs => model.Outputs;

    /// <summary>Bytes of working memory held.</summary>
    public long Bytes => arena.Capacity;

    /// <summary>Computes the logits of every document of a batch.</summary>
    /// <param name="batch">D documents.</param>
    /// <param name="logits">Receives [D, K], row-major.</param>
    /// <exception cref="ModelException">A token id, position or type has no row in the model's tables.</exception>
    public void Run(PackedBatch batch, Span<float> logits)
    {
        if (logits.Length != (long)batch.Documents * Outputs)
        {
            throw new ArgumentException($"{batch.Documents} documents have {(long)batch.Documents * Outputs} logits, not {logits.Length}", nameof(logits));
        }

        if (batch.Sequences == 0)
        {
            return;
        }

        model.Encoder.Check(batch);
        ops ??= new Ops(backend, arena, tape: null);
        ops.Begin();
        var indices = ops.Upload(batch);
        backend.Read(ops.PoolWindows(model.Forward(ops, indices).Logits, indices, Pooling).Data, logits);
    }

    /// <summary>The logits of documents whose windows were computed one by one, to the same bits as together.</summary>
    /// <param name="windows">[B, K].</param>
    /// <param name="starts">D + 1 window numbers: document d has windows starts[d] … starts[d+1]−1.</param>
    /// <param name="logits">Receives [D, K].</param>
    public void Pool(ReadOnlySpan<float> windows, ReadOnlySpan<int> starts, Span<float> logits)
    {
        ops ??= new Ops(backend, arena, tape: null);
        ops.Begin();
        var rows = arena.Take(windows.Length / Outputs, Outputs);
        backend.Write(windows, rows);
        backend.Read(ops.PoolWindows(new Value(rows), ops.Upload(starts), Pooling).Data, logits);
    }

    public void Dispose() => arena.Dispose();
}
