using Beret.Models;
using Beret.Numerics;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>One step of masked language modelling after another. In the steady state it allocates nothing on the managed heap.</summary>
internal sealed class MaskedLearner : IDisposable
{
    private readonly MaskedLanguageModel model;
    private readonly AdamW optimizer;
    private readonly Arena arena;
    private readonly Ops ops;
    private readonly Ops judge;
    private readonly ulong seed;
    private float[] outcomes = [];

    /// <param name="model">The model to change; stays the caller's.</param>
    /// <param name="options">The optimizer's constants.</param>
    /// <param name="seed">The seed of dropout.</param>
    /// <param name="arenaBytes">The activations' memory; it grows where that is too little.</param>
    public MaskedLearner(MaskedLanguageModel model, AdamWOptions options, ulong seed, long arenaBytes = 0)
    {
        this.model = model;
        this.seed = seed;
        var backend = model.Parameters.Backend;
        optimizer = new AdamW(model.Parameters, options);
        arena = new Arena(backend, arenaBytes);
        ops = new Ops(backend, arena, new Tape());
        judge = new Ops(backend, arena, tape: null);
    }

    /// <summary>The number of steps done; dropout and bias correction follow it, so a resumed run sets it.</summary>
    public int Steps
    {
        get => optimizer.Steps;
        set => optimizer.Steps = value;
    }

    /// <summary>The most memory that the activations and their gradients have needed so far, in bytes.</summary>
    public long ActivationPeak => arena.Peak;

    /// <summary>Bytes of the activations of a step.</summary>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="tokens">Tokens of the step.</param>
    /// <param name="length">Of a sequence.</param>
    /// <param name="masked">Tokens to guess.</param>
    public static long Plan(EncoderConfig config, int tokens, int length, int masked)
    {
        using var backend = new PlanningBackend();
        using var model = new MaskedLanguageModel(backend, config);
        model.Parameters.AllocateForTraining();
        var arena = Arena.Dry();
        var ops = new Ops(backend, arena, new Tape());
        var batch = new PackedBatch();
        for (var left = tokens; left > 0; left -= length)
        {
            batch.Add(new int[Math.Min(length, left)]);
        }

        ops.Begin();
        Forward(ops, model, batch, new int[masked], new int[masked]);
        ops.Backward();
        return arena.Peak;
    }

    /// <summary>Forward, loss and backward: the gradients are left with the parameters, none of which is changed.</summary>
    public Outcome Differentiate(MaskedBatch batch)
    {
        model.Parameters.ClearGradients();
        ops.Begin(seed, (uint)Steps);
        var outcome = Pass(ops, batch);
        ops.Backward();
        return outcome;
    }

    /// <summary>One whole step at the given learning rate. Where the loss or the gradient is not finite, nothing is changed.</summary>
    /// <param name="batch">With a token to guess at least.</param>
    /// <param name="learningRate">The scheduled rate.</param>
    /// <param name="outcome">What was guessed before the update.</param>
    public StepResult Step(MaskedBatch batch, double learningRate, out Outcome outcome)
    {
        outcome = Differentiate(batch);
        return new StepResult(outcome.Loss, double.IsFinite(outcome.Loss) ? optimizer.Step(arena, batch.Packed.Ids, learningRate) : double.NaN);
    }

    /// <summary>What the model guesses, without dropout.</summary>
    public Outcome Judge(MaskedBatch batch)
    {
        judge.Begin();
        return Pass(judge, batch);
    }

    public void Dispose()
    {
        optimizer.Dispose();
        arena.Dispose();
    }

    private static Matrix Forward(Ops ops, MaskedLanguageModel model, PackedBatch packed, ReadOnlySpan<int> rows, ReadOnlySpan<int> targets)
    {
        var batch = ops.Upload(packed);
        var (rowIndices, targetIndices) = (ops.Upload(rows), ops.Upload(targets));
        return model.Loss(ops, model.Forward(ops, batch, rowIndices), targetIndices, 1f / rows.Length);
    }

    private Outcome Pass(Ops ops, MaskedBatch batch)
    {
        model.Encoder.Check(batch.Packed);
        if (outcomes.Length < 2 * batch.Count)
        {
            outcomes = new float[2 * batch.Count];
        }

        var read = outcomes.AsSpan(0, 2 * batch.Count);
        model.Parameters.Backend.Read(Forward(ops, model, batch.Packed, batch.Rows, batch.Targets), read);
        var (loss, right) = (0.0, 0);
        for (var i = 0; i < read.Length; i += 2)
        {
            loss += read[i];
            right += (int)read[i + 1];
        }

        return new Outcome(loss / batch.Count, right, batch.Count);
    }
}
