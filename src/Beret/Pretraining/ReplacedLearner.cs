using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>
/// One step of replaced-token detection after another (Clark et al., ELECTRA, 2020, §2): the generator guesses the hidden tokens, its draws take their places, and the
/// discriminator learns which tokens these are. No gradient goes through the draws, so the two are passed one after the other; they share the embeddings.
/// In the steady state it allocates nothing on the managed heap.
/// </summary>
internal sealed class ReplacedLearner : IDisposable
{
    /// <summary>How much more the discriminator's loss counts than the generator's: the paper's λ.</summary>
    private const int Weight = 50;

    private readonly ReplacedTokenModel model;
    private readonly IBackend backend;
    private readonly AdamW optimizer;
    private readonly Arena arena;
    private readonly Ops ops;
    private readonly Ops judge;
    private readonly PackedBatch replaced = new();
    private readonly ulong seed;
    private float[] sampled = [];
    private int[] ids = [];
    private float[] labels = [];
    private float[] outputs = [];

    /// <param name="model">The model to change; stays the caller's.</param>
    /// <param name="options">The optimizer's constants.</param>
    /// <param name="seed">The seed of dropout.</param>
    /// <param name="arenaBytes">The activations' memory; it grows where that is too little.</param>
    public ReplacedLearner(ReplacedTokenModel model, AdamWOptions options, ulong seed, long arenaBytes = 0)
    {
        this.model = model;
        this.seed = seed;
        backend = model.Parameters.Backend;

        // The sum of the losses is divided by λ: with the norm to clip to and ε divided likewise, every update is the same.
        optimizer = new AdamW(model.Parameters, options with { ClipTo = options.ClipTo / Weight, Epsilon = options.Epsilon / Weight });
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

    /// <summary>The generator's mean loss in the last pass.</summary>
    public double GeneratorLoss { get; private set; }

    /// <summary>Bytes of the activations of a step.</summary>
    /// <param name="config">The discriminator's sizes.</param>
    /// <param name="generatorSize">The generator's, as a share.</param>
    /// <param name="tokens">Tokens of the step.</param>
    /// <param name="length">Of a sequence.</param>
    /// <param name="masked">Tokens to guess.</param>
    public static long Plan(EncoderConfig config, double generatorSize, int tokens, int length, int masked)
    {
        using var backend = new PlanningBackend();
        using var model = new ReplacedTokenModel(backend, config, generatorSize);
        model.Parameters.AllocateForTraining();
        var arena = Arena.Dry();
        var ops = new Ops(backend, arena, new Tape());
        var batch = PackedBatch.Of(tokens, length);

        ops.Begin();
        Generate(ops, model, batch, new int[masked], new int[masked], new float[masked]);
        ops.Backward();
        ops.Continue(0, 0);
        Discriminate(ops, model, batch, new float[tokens]);
        ops.Backward();
        return arena.Peak;
    }

    /// <summary>Both passes, forward and backward: the gradients of the losses' sum, divided by λ, are left with the parameters, none of which is changed.</summary>
    public Outcome Differentiate(MaskedBatch batch)
    {
        model.Parameters.ClearGradients();
        ops.Begin(seed, (uint)Steps);
        Replace(ops, batch);
        ops.Backward();
        ops.Continue(seed, (uint)Steps);
        var outcome = Detect(ops);
        ops.Backward();
        return outcome;
    }

    /// <summary>One whole step at the given learning rate. Where the loss or the gradient is not finite, nothing is changed.</summary>
    public StepResult Step(MaskedBatch batch, double learningRate, out Outcome outcome)
    {
        outcome = Differentiate(batch);
        var isFinite = double.IsFinite(outcome.Loss) && double.IsFinite(GeneratorLoss);
        return new StepResult(outcome.Loss, isFinite ? Weight * optimizer.Step(arena, batch.Packed.Ids, learningRate) : double.NaN);
    }

    /// <summary>What the discriminator finds of what the generator draws, without dropout.</summary>
    public Outcome Judge(MaskedBatch batch)
    {
        judge.Begin();
        Replace(judge, batch);
        judge.Begin();
        return Detect(judge);
    }

    public void Dispose()
    {
        optimizer.Dispose();
        arena.Dispose();
    }

    private static (Matrix Outcomes, Matrix Tokens) Generate(
        Ops ops, ReplacedTokenModel model, PackedBatch packed, ReadOnlySpan<int> rows, ReadOnlySpan<int> targets, ReadOnlySpan<float> draws)
    {
        var batch = ops.Upload(packed);
        var (rowIndices, targetIndices, drawn) = (ops.Upload(rows), ops.Upload(targets), ops.Arena.Take(rows.Length, 1));
        ops.Backend.Write(draws, drawn);
        var masked = model.Generate(ops, batch, rowIndices);
        var tokens = model.Sample(ops, masked, drawn);
        return (model.Loss(ops, masked, targetIndices, 1f / rows.Length / Weight), tokens);
    }

    private static (Matrix Logits, Matrix Losses) Discriminate(Ops ops, ReplacedTokenModel model, PackedBatch packed, ReadOnlySpan<float> labels)
    {
        var batch = ops.Upload(packed);
        var targets = ops.Arena.Take(packed.Tokens, 1);
        ops.Backend.Write(labels, targets);
        var logits = model.Discriminate(ops, batch);
        return (logits.Data, ops.Loss(Loss.BinaryCrossEntropy, logits, targets));
    }

    /// <summary>The generator's pass: makes the batch in which the hidden tokens are those that it drew, and the labels of what is replaced by that.</summary>
    private void Replace(Ops ops, MaskedBatch batch)
    {
        model.Discriminator.Check(batch.Packed);
        Grow(batch.Packed.Tokens, 2 * batch.Count);
        var (outcomes, tokens) = Generate(ops, model, batch.Packed, batch.Rows, batch.Targets, batch.Draws);
        var read = outputs.AsSpan(0, 2 * batch.Count);
        backend.Read(outcomes, read);
        GeneratorLoss = 0;
        for (var i = 0; i < read.Length; i += 2)
        {
            GeneratorLoss += read[i] / batch.Count;
        }

        backend.Read(tokens, sampled.AsSpan(0, batch.Count));
        batch.Packed.Ids.CopyTo(ids);
        labels.AsSpan(0, batch.Packed.Tokens).Clear();
        for (var i = 0; i < batch.Count; i++)
        {
            ids[batch.Rows[i]] = (int)sampled[i];
            labels[batch.Rows[i]] = (int)sampled[i] == batch.Targets[i] ? 0 : 1;
        }

        replaced.Clear();
        for (var s = 0; s < batch.Packed.Sequences; s++)
        {
            var start = batch.Packed.Starts[s];
            replaced.Add(ids.AsSpan(start, batch.Packed.Starts[s + 1] - start));
        }
    }

    /// <summary>The discriminator's pass.</summary>
    private Outcome Detect(Ops ops)
    {
        var tokens = replaced.Tokens;
        Grow(tokens, tokens);
        var (logits, losses) = Discriminate(ops, model, replaced, labels.AsSpan(0, tokens));
        var read = outputs.AsSpan(0, tokens);
        backend.Read(losses, read);
        var loss = 0.0;
        foreach (var one in read)
        {
            loss += one;
        }

        backend.Read(logits, read);
        var right = 0;
        for (var t = 0; t < tokens; t++)
        {
            right += read[t] > 0 == labels[t] > 0 ? 1 : 0;
        }

        return new Outcome(loss / tokens, right, tokens);
    }

    private void Grow(int tokens, int values)
    {
        if (ids.Length < tokens)
        {
            (ids, labels, sampled) = (new int[tokens], new float[tokens], new float[tokens]);
        }

        if (outputs.Length < values)
        {
            outputs = new float[values];
        }
    }
}
