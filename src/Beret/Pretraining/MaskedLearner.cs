using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training;
using Beret.Training.Teachers;

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

    /// <summary>The weight of the masked tokens' loss beside a teacher's.</summary>
    public double MaskedWeight { get; init; } = 1;

    /// <summary>The most memory that the activations and their gradients have needed so far, in bytes.</summary>
    public long ActivationPeak => arena.Peak;

    /// <summary>Bytes of the activations of a step.</summary>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="tokens">Tokens of the step.</param>
    /// <param name="length">Of a sequence.</param>
    /// <param name="masked">Tokens to guess.</param>
    /// <param name="teacherWidth">The size of a teacher's states; 0 without one.</param>
    public static long Plan(EncoderConfig config, int tokens, int length, int masked, int teacherWidth = 0)
    {
        using var backend = new PlanningBackend();
        using var model = new MaskedLanguageModel(backend, config, teacherWidth);
        model.Parameters.AllocateForTraining();
        var arena = Arena.Dry();
        var ops = new Ops(backend, arena, new Tape());
        ops.Begin();
        var sequence = model.Encoder.Contextualize(ops, ops.Upload(PackedBatch.Of(tokens, length)));
        Guess(ops, model, sequence, new int[masked], new int[masked], 1);
        if (teacherWidth > 0)
        {
            model.Projection.Loss(ops, sequence, new int[tokens], new float[(long)tokens * teacherWidth]);
        }

        ops.Backward();
        return arena.Peak;
    }

    /// <summary>Forward, loss and backward: the gradients are left with the parameters, none of which is changed.</summary>
    /// <param name="batch">With a token to guess at least.</param>
    /// <param name="teacher">What a teacher's states are; null where there is none.</param>
    public Outcome Differentiate(MaskedBatch batch, TeacherTargets? teacher = null)
    {
        model.Parameters.ClearGradients();
        ops.Begin(seed, (uint)Steps);
        var outcome = Pass(ops, batch, teacher);
        ops.Backward();
        return outcome;
    }

    /// <summary>One whole step at the given learning rate. Where the loss or the gradient is not finite, nothing is changed.</summary>
    /// <param name="batch">With a token to guess at least.</param>
    /// <param name="learningRate">The scheduled rate.</param>
    /// <param name="outcome">What was guessed before the update.</param>
    /// <param name="teacher">What a teacher's states are; null where there is none.</param>
    public StepResult Step(MaskedBatch batch, double learningRate, out Outcome outcome, TeacherTargets? teacher = null)
    {
        outcome = Differentiate(batch, teacher);
        return new StepResult(outcome.Loss, outcome.IsFinite ? optimizer.Step(arena, batch.Packed.Ids, learningRate) : double.NaN);
    }

    /// <summary>What the model guesses, without dropout.</summary>
    public Outcome Judge(MaskedBatch batch)
    {
        judge.Begin();
        return Pass(judge, batch, teacher: null);
    }

    public void Dispose()
    {
        optimizer.Dispose();
        arena.Dispose();
    }

    private static Matrix Guess(Ops ops, MaskedLanguageModel model, Value sequence, ReadOnlySpan<int> rows, ReadOnlySpan<int> targets, double weight)
    {
        var (rowIndices, targetIndices) = (ops.Upload(rows), ops.Upload(targets));
        return model.Loss(ops, model.Mask(ops, sequence, rowIndices), targetIndices, (float)(weight / rows.Length));
    }

    private Outcome Pass(Ops ops, MaskedBatch batch, TeacherTargets? teacher)
    {
        model.Encoder.Check(batch.Packed);
        var sequence = model.Encoder.Contextualize(ops, ops.Upload(batch.Packed));
        var read = Read(Guess(ops, model, sequence, batch.Rows, batch.Targets, teacher is null ? 1 : MaskedWeight));
        var (loss, right) = (0.0, 0);
        for (var i = 0; i < read.Length; i += 2)
        {
            loss += read[i];
            right += (int)read[i + 1];
        }

        return new Outcome(
            loss / batch.Count, right, batch.Count,
            teacher is { Count: > 0 } ? LossMean.Of(model.Parameters.Backend, model.Projection.Loss(ops, sequence, teacher.Rows, teacher.Values), ref outcomes) : null);
    }

    private ReadOnlySpan<float> Read(Matrix matrix)
    {
        if (outcomes.Length < matrix.Length)
        {
            outcomes = new float[matrix.Length];
        }

        model.Parameters.Backend.Read(matrix, outcomes.AsSpan(0, (int)matrix.Length));
        return outcomes.AsSpan(0, (int)matrix.Length);
    }
}
