using Beret.Models;
using Beret.Numerics;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>What a step is beside the sizes of its batch.</summary>
/// <param name="TargetColumns">Floats of a text's target.</param>
/// <param name="Batches">Batches whose gradients are added up.</param>
/// <param name="Freeze">Freezes what does not learn.</param>
internal readonly record struct StepShape(int TargetColumns, int Batches, Action<SequenceClassifier> Freeze);

/// <summary>The memory that a fine-tuning run needs, from a dry run of its largest step.</summary>
/// <param name="Weights">Bytes of the weights.</param>
/// <param name="Gradients">Bytes of the dense gradients; those of the word embeddings lie with the activations, a row for each token.</param>
/// <param name="Moments">Bytes of Adam's two moments.</param>
/// <param name="Activations">Bytes of activations and their gradients at their peak.</param>
public sealed record MemoryPlan(long Weights, long Gradients, long Moments, long Activations)
{
    /// <summary>Bytes of the weights and the working memory of a teacher that reads the texts of each step; 0 where there is none.</summary>
    public long Teacher { get; init; }

    /// <summary>All of it.</summary>
    public long Total => Weights + Gradients + Moments + Activations + Teacher;

    /// <summary>Plans steps of up to <paramref name="batchSize"/> texts of <paramref name="length"/> tokens.</summary>
    internal static MemoryPlan For(
        EncoderConfig config, int outputs, int batchSize, int length, bool keepsOnlyBlockInputs = false, bool hasTeacher = false, HiddenSizes? hidden = null, StepShape? shape = null) =>
        For(config, outputs, StepSize.Of(batchSize, length), WindowPooling.Mean, keepsOnlyBlockInputs, hasTeacher, hidden, shape);

    /// <summary>Plans batches of up to some size.</summary>
    internal static MemoryPlan For(
        EncoderConfig config, int outputs, StepSize largest, WindowPooling pooling, bool keepsOnlyBlockInputs = false, bool hasTeacher = false, HiddenSizes? hidden = null,
        StepShape? shape = null)
    {
        using var backend = new PlanningBackend();
        using var model = new SequenceClassifier(backend, config, outputs, hidden is { IsProjected: true } ? hidden.Width : 0);
        shape?.Freeze(model);
        model.Parameters.AllocateForTraining();
        var arena = Arena.Dry();
        var ops = new Ops(backend, arena, new Tape()) { KeepsOnlyBlockInputs = keepsOnlyBlockInputs, FrozenLayers = model.FrozenLayers };
        var batch = largest.Batch();
        ops.Begin();
        var indices = ops.Upload(batch);
        var targets = arena.Take(batch.Documents, Math.Max(outputs, shape?.TargetColumns ?? 0));
        if (hasTeacher)
        {
            arena.Take(batch.Documents, outputs);
        }

        var states = new Value[config.Layers + 1];
        var logits = ops.PoolWindows(model.Forward(ops, indices, (number, value) => states[number] = value).Logits, indices, pooling);
        ops.Loss(Loss.BinaryCrossEntropy, logits, targets);
        foreach (var layer in hidden?.Layers ?? [])
        {
            model.Projection.Loss(ops, states[layer], new int[batch.Tokens], new float[(long)batch.Tokens * hidden!.Width]);
        }

        ops.Backward();

        // The optimizer sums the occurrences of each token beside their rows; at worst all tokens differ. Those of several batches are kept till then.
        var gradients = (long)model.Parameters.Gradients.Columns * sizeof(float);
        if (model.FrozenLayers < 0)
        {
            var tokens = (long)batch.Tokens * (shape?.Batches ?? 1);
            arena.Rent((int)Math.Min(tokens, Math.Max(batch.Tokens, config.VocabularySize)), config.EmbeddingSize);
            gradients += tokens > batch.Tokens ? tokens * config.EmbeddingSize * sizeof(float) : 0;
        }

        return new MemoryPlan(model.Parameters.Bytes, gradients, model.Parameters.MomentBytes, arena.Peak);
    }

    /// <summary>Bytes of the working memory of one forward pass over a number of tokens, without a tape.</summary>
    internal static long Inference(EncoderConfig config, int outputs, int tokens)
    {
        using var backend = new PlanningBackend();
        using var model = new SequenceClassifier(backend, config, outputs);
        var arena = Arena.Dry();
        var ops = new Ops(backend, arena, tape: null);
        ops.Begin();
        model.Forward(ops, ops.Upload(PackedBatch.Of(tokens, Math.Min(tokens, config.MaxPositions))));
        return arena.Peak;
    }
}
