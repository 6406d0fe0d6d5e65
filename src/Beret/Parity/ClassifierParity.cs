using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;

namespace Beret.Parity;

/// <summary>Outputs and gradients of a classifier.</summary>
internal static class ClassifierParity
{
    /// <param name="model">With memory for gradients.</param>
    /// <param name="hasHead">Whether its classifier is worth looking at.</param>
    /// <param name="batch">The inputs.</param>
    /// <param name="loss">What is differentiated.</param>
    /// <param name="watch">The model's backend.</param>
    public static ParityOutputs Compute(SequenceClassifier model, bool hasHead, ParityBatch batch, Loss loss, AttentionWatch watch)
    {
        var set = model.Parameters;
        var computed = new Dictionary<string, float[]>(StringComparer.Ordinal);
        set.ClearGradients();
        watch.Clear();
        using var arena = new Arena(watch);
        var ops = new Ops(watch, arena, new Tape()) { Drops = false };
        ops.Begin();
        var indices = ops.Upload(batch.Packed);
        var (encoded, features, logits) = model.Forward(ops, indices, (number, value) => Keep($"hidden_states.{number}", value.Data));
        Keep("pooled", features.Data);
        Keep("pooled_output", encoded.Pooled.Data);
        Keep("sequence_output", encoded.Sequence.Data);
        if (hasHead)
        {
            computed["probabilities"] = Probabilities(Keep("logits", logits.Data), model.Outputs, loss);
        }

        var outputs = new ParityOutputs(computed, watch.FirstProbabilities, WhyNot);
        if (batch.Targets is null)
        {
            return outputs;
        }

        var targets = arena.Take(batch.Packed.Sequences, batch.Targets.Length / batch.Packed.Sequences);
        watch.Write(batch.Targets, targets);
        var losses = new float[batch.Packed.Sequences];
        watch.Read(ops.Loss(loss, logits, targets), losses);
        computed["loss_per_example"] = losses;
        if (batch.HasAllRows)
        {
            computed["loss"] = [(float)losses.Average(l => (double)l)];
            Keep("grad_logits", ops.LogitsGradient(logits));
            ops.Backward();
            foreach (var parameter in set.All)
            {
                computed[$"grad.{parameter.Name}"] = Gradients.Dense(watch, parameter, batch.Packed.Ids);
            }
        }

        return outputs;

        float[] Keep(string name, Matrix matrix)
        {
            var values = new float[matrix.Length];
            watch.Read(matrix, values);
            computed[name] = values;
            return values;
        }

        string? WhyNot(string name)
        {
            var isOfLoss = name is "loss" or "loss_per_example" or "grad_logits" || name.StartsWith("grad.", StringComparison.Ordinal);
            return !hasHead && (isOfLoss || name is "logits" or "probabilities") ? "the model folder has no classifier"
                : isOfLoss && batch.Targets is null ? "the file has no labels"
                : isOfLoss && !batch.HasAllRows ? "rows whose mask is all zero are left out"
                : null;
        }
    }

    /// <summary>As the losses understand logits: of one a sigmoid, of several a softmax, or where each is a label of its own a sigmoid each.</summary>
    private static float[] Probabilities(float[] logits, int outputs, Loss loss)
    {
        if (loss != Loss.CrossEntropy)
        {
            return [.. logits.Select(logit => (float)(1 / (1 + Math.Exp(-logit))))];
        }

        return [.. logits.Chunk(outputs).SelectMany(row =>
        {
            var largest = row.Max();
            var sum = row.Sum(logit => Math.Exp(logit - largest));
            return row.Select(logit => (float)(Math.Exp(logit - largest) / sum));
        })];
    }
}
