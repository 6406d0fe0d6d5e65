using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>What one optimizer step saw.</summary>
/// <param name="Loss">The mean loss of the batch, before the update.</param>
/// <param name="GradientNorm">The global norm of the gradients, before clipping.</param>
internal readonly record struct StepResult(double Loss, double GradientNorm)
{
    /// <summary>Whether the update took place: nothing is changed by a step whose loss or gradient is not a number.</summary>
    public bool IsFinite => double.IsFinite(Loss) && double.IsFinite(GradientNorm);
}

/// <summary>One step of fine-tuning after another: forward, loss, backward, update. In the steady state it allocates nothing on the managed heap.</summary>
internal sealed class Learner : IDisposable
{
    private readonly SequenceClassifier model;
    private readonly IBackend backend;
    private readonly Loss loss;
    private readonly double focus;
    private readonly Distillation? distillation;
    private readonly TeacherGuide? guide;
    private readonly LayerObserver? observe;
    private readonly AdamW optimizer;
    private readonly Arena arena;
    private readonly Ops ops;
    private readonly ulong seed;
    private float[] logits = [];
    private float[] losses = [];
    private readonly Parameter word;
    private readonly OccurrenceRows rows;
    private int examples;
    private int parts;
    private double accumulated;

    /// <param name="model">The model to change; stays the caller's.</param>
    /// <param name="backend">The model's backend.</param>
    /// <param name="loss">What is minimised.</param>
    /// <param name="options">The optimizer's constants.</param>
    /// <param name="seed">The seed of dropout.</param>
    /// <param name="arenaBytes">The activations' memory as <see cref="MemoryPlan"/> foresees it; it grows where that is too little.</param>
    /// <param name="keepsOnlyBlockInputs">As <see cref="Ops.KeepsOnlyBlockInputs"/>.</param>
    /// <param name="distillation">How it learns from a teacher, whose logits every batch then comes with; null without one.</param>
    /// <param name="guide">What else the model is held to of its teacher; stays the caller's.</param>
    /// <param name="focus">γ of a weighted loss.</param>
    public Learner(
        SequenceClassifier model, IBackend backend, Loss loss, AdamWOptions options, ulong seed, long arenaBytes = 0, bool keepsOnlyBlockInputs = false,
        Distillation? distillation = null, TeacherGuide? guide = null, double focus = 0)
    {
        this.focus = focus;
        this.guide = guide;
        this.distillation = distillation;
        this.model = model;
        this.backend = backend;
        this.loss = loss;
        this.seed = seed;
        optimizer = new AdamW(model.Parameters, options);
        word = model.Parameters.All.Single(parameter => parameter.HasRowGradient);
        rows = new OccurrenceRows(backend, word.Columns);
        LayerwiseRates.Apply(model.Parameters, model.Config.Layers, options.LayerDecay);
        arena = new Arena(backend, arenaBytes);
        ops = new Ops(backend, arena, new Tape()) { KeepsOnlyBlockInputs = keepsOnlyBlockInputs, FrozenLayers = model.FrozenLayers };
        guide?.Watch(ops);
        observe = guide?.Layers;
    }

    /// <summary>How the logits of a document are made of those of its windows.</summary>
    public WindowPooling Pooling { get; init; }

    /// <summary>The number of steps done; dropout and bias correction follow it, so a resumed run sets it.</summary>
    public int Steps
    {
        get => optimizer.Steps;
        set => optimizer.Steps = value;
    }

    /// <summary>The logits of the last batch's documents, [D, K], before its update.</summary>
    public ReadOnlySpan<float> Logits => logits.AsSpan(0, examples * model.Outputs);

    /// <summary>What the loss of the last step is the sum of; null where it is that of the logits alone.</summary>
    public LossParts? Parts { get; private set; }

    /// <summary>The most memory that the activations and their gradients have needed so far, in bytes.</summary>
    public long ActivationPeak => arena.Peak;

    /// <summary>Forward, loss and backward: the gradients are left with the parameters, none of which is changed.</summary>
    /// <param name="batch">The documents. The loss is that of a document's logits, which are made of those of all its windows.</param>
    /// <param name="targets">[D, K], or [D] class numbers for cross-entropy.</param>
    /// <param name="teacher">The teacher's logits, [D, K], where there is one.</param>
    /// <returns>The mean loss.</returns>
    public double Differentiate(PackedBatch batch, ReadOnlySpan<float> targets, ReadOnlySpan<float> teacher = default)
    {
        model.Parameters.ClearGradients();
        ops.Begin(seed, (uint)Steps);
        Parts = null;
        return Pass(batch, targets, teacher, share: 1);
    }

    /// <summary>One whole step at the given learning rate. Where the loss or the gradient is not finite, nothing is changed.</summary>
    public StepResult Step(PackedBatch batch, ReadOnlySpan<float> targets, double learningRate, ReadOnlySpan<float> teacher = default)
    {
        var mean = Differentiate(batch, targets, teacher);
        return double.IsFinite(mean)
            ? new StepResult(mean, optimizer.Step(arena, batch.Ids, learningRate))
            : new StepResult(mean, double.NaN);
    }

    /// <summary>
    /// The gradients of one micro-batch, added to those of the others since the last <see cref="Update"/>: a step on more examples than memory holds at once.
    /// </summary>
    /// <param name="batch">The sequences.</param>
    /// <param name="targets">As <see cref="Differentiate"/> takes them.</param>
    /// <param name="share">What the micro-batch's mean counts for in that of the step: its share of the step's examples.</param>
    /// <param name="teacher">The teacher's logits.</param>
    /// <returns>The micro-batch's mean loss.</returns>
    public double Accumulate(PackedBatch batch, ReadOnlySpan<float> targets, double share, ReadOnlySpan<float> teacher = default)
    {
        if (parts++ == 0)
        {
            rows.Clear();
            accumulated = 0;
            Parts = null;
            model.Parameters.ClearGradients();
            ops.Begin(seed, (uint)Steps);
        }
        else
        {
            ops.Continue(seed, (uint)Steps);
        }

        var mean = Pass(batch, targets, teacher, share);
        if (!word.IsFrozen)
        {
            rows.Add(batch.Ids, word.OccurrenceGradient);
        }

        accumulated += share * mean;
        return mean;
    }

    /// <summary>Takes memory for the accumulated gradients of so many tokens, so that it need not grow.</summary>
    public void Reserve(long tokens)
    {
        if (!word.IsFrozen)
        {
            rows.Reserve(checked((int)tokens));
        }
    }

    /// <summary>The update by the accumulated gradients, whose loss is the sum of the shares. Where loss or gradient is not finite, nothing is changed.</summary>
    public StepResult Update(double learningRate)
    {
        parts = 0;
        word.OccurrenceGradient = word.IsFrozen ? Matrix.None : rows.Rows;
        return double.IsFinite(accumulated)
            ? new StepResult(accumulated, optimizer.Step(arena, rows.Ids, learningRate))
            : new StepResult(accumulated, double.NaN);
    }

    /// <summary>The gradient of a parameter after <see cref="Differentiate"/> or <see cref="Step"/>, occurrences summed.</summary>
    public float[] GradientOf(Parameter parameter, PackedBatch batch) => Gradients.Dense(backend, parameter, batch.Ids);

    public void Dispose()
    {
        rows.Dispose();
        optimizer.Dispose();
        arena.Dispose();
    }

    private double Pass(PackedBatch batch, ReadOnlySpan<float> targets, ReadOnlySpan<float> teacher, double share)
    {
        model.Encoder.Check(batch);
        examples = batch.Documents;
        if (losses.Length < examples)
        {
            losses = new float[examples];
            logits = new float[examples * model.Outputs];
        }

        guide?.Read(batch, share);
        var indices = ops.Upload(batch);
        var targetMatrix = Upload(targets);
        var teacherMatrix = distillation is null ? Matrix.None : Upload(teacher);
        var output = ops.PoolWindows(model.Forward(ops, indices, observe).Logits, indices, Pooling);
        backend.Read(output.Data, logits.AsSpan(0, examples * model.Outputs));
        var lost = distillation is { } terms
            ? ops.DistillationLoss(loss, output, targetMatrix, teacherMatrix, terms with { Focus = focus }, share)
            : ops.Loss(loss, output, targetMatrix, share, focus);
        backend.Read(lost, losses.AsSpan(0, examples));
        guide?.Compare(ops);
        ops.Backward();
        var total = 0.0;
        for (var i = 0; i < examples; i++)
        {
            total += losses[i];
        }

        if (guide is null)
        {
            return total / examples;
        }

        var sum = guide.Add(total / examples, out var parts);
        Parts = (Parts ?? default).Plus(parts, share);
        return sum;
    }

    /// <summary>Values of the batch's examples, as many for each.</summary>
    private Matrix Upload(ReadOnlySpan<float> values)
    {
        var matrix = arena.Take(examples, values.Length / examples);
        backend.Write(values, matrix);
        return matrix;
    }
}
