using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;

namespace Beret.Parity;

/// <summary>
/// Outputs and gradients of a masked language model. <c>labels</c> [B, S] holds the token that was there where one is to be guessed, −100 elsewhere;
/// <c>masked_index</c> [M, 2] lists these places as (row, position), in the order of <c>logits_masked</c> [M, V].
/// </summary>
internal static class MaskedParity
{
    private const string Places = "masked_index";
    private const int Ignored = -100;

    /// <summary>Whether a file is one of a masked language model.</summary>
    public static bool Is(Checkpoint file) => file.Contains(Places);

    /// <param name="model">With memory for gradients.</param>
    /// <param name="batch">The inputs.</param>
    /// <param name="file">Holds labels and, where it likes, masked_index.</param>
    /// <param name="watch">The model's backend.</param>
    /// <exception cref="CheckpointException">Labels or places are not such.</exception>
    public static ParityOutputs Compute(MaskedLanguageModel model, ParityBatch batch, Checkpoint file, AttentionWatch watch)
    {
        var computed = new Dictionary<string, float[]>(StringComparer.Ordinal);
        var (rows, targets) = Read(file, batch, model.Config.VocabularySize);
        model.Parameters.ClearGradients();
        watch.Clear();
        using var arena = new Arena(watch);
        var ops = new Ops(watch, arena, new Tape()) { Drops = false };
        ops.Begin();
        var indices = ops.Upload(batch.Packed);
        var masked = model.Forward(ops, indices, ops.Upload(rows), (number, value) => Keep($"hidden_states.{number}", value.Data));
        var logits = arena.Take(rows.Length, model.Config.VocabularySize);
        model.Decode(masked, logits);
        Keep("logits_masked", logits);
        var outcomes = Keep("outcomes", model.Loss(ops, masked, ops.Upload(targets), 1f / rows.Length));
        computed.Remove("outcomes");
        computed["loss"] = [(float)outcomes.Where((_, i) => i % 2 == 0).Average(loss => (double)loss)];
        ops.Backward();
        foreach (var parameter in model.Parameters.All.Except(model.UnusedParameters))
        {
            computed[$"grad.{parameter.Name}"] = Gradients.Dense(watch, parameter, batch.Packed.Ids);
        }

        return new ParityOutputs(computed, watch.FirstProbabilities, name => name is "logits" or "pooled" ? "the model is a masked language model" : null);

        float[] Keep(string name, Matrix matrix)
        {
            var values = new float[matrix.Length];
            watch.Read(matrix, values);
            computed[name] = values;
            return values;
        }
    }

    /// <summary>The rows of the packed batch that are guessed, and their tokens.</summary>
    private static (int[] Rows, int[] Targets) Read(Checkpoint file, ParityBatch batch, int vocabulary)
    {
        if (file.Find("labels") is not { } tensor || tensor.Count != (long)batch.AllRows * batch.PaddedLength)
        {
            throw new CheckpointException($"{file.Path}: labels is {file.Find("labels")?.ShapeText ?? "missing"}, but a masked language model needs one for each token of input_ids");
        }

        var labels = new long[tensor.Count];
        file.ReadInt64("labels", labels);
        var labelled = Enumerable.Range(0, labels.Length).Where(i => labels[i] != Ignored).ToArray();
        var places = file.Contains(Places) ? Listed() : labelled;
        if (labelled.Length == 0 || !places.Order().SequenceEqual(labelled))
        {
            throw new CheckpointException(
                labelled.Length == 0 ? $"{file.Path}: labels names no token to guess; all are {Ignored}" : $"{file.Path}: {Places} and labels do not name the same tokens");
        }

        var bad = Array.FindIndex(places, place => labels[place] < 0 || labels[place] >= vocabulary);
        return bad < 0
            ? ([.. places.Select(RowOf)], [.. places.Select(place => (int)labels[place])])
            : throw new CheckpointException($"{file.Path}: labels holds {labels[places[bad]]}, but the model has the tokens 0 to {vocabulary - 1} ({Ignored}: none)");

        int[] Listed()
        {
            var listed = file.Get(Places);
            if (listed.Shape is not [_, 2])
            {
                throw new CheckpointException($"{file.Path}: {Places} is {listed.ShapeText}, not [tokens, 2]");
            }

            var values = new long[listed.Count];
            file.ReadInt64(Places, values);
            return [.. values.Chunk(2).Select(pair => pair[0] >= 0 && pair[0] < batch.AllRows && pair[1] >= 0 && pair[1] < batch.PaddedLength
                ? (int)(pair[0] * batch.PaddedLength + pair[1])
                : throw new CheckpointException($"{file.Path}: {Places} names ({pair[0]}, {pair[1]}), which is outside input_ids"))];
        }

        int RowOf(int place)
        {
            var (row, position) = Math.DivRem(place, batch.PaddedLength);
            var sequence = Array.IndexOf(batch.Rows, row);
            var token = sequence < 0 ? -1 : Array.BinarySearch(batch.Places[sequence], position);
            return token >= 0
                ? batch.Packed.Starts[sequence] + token
                : throw new CheckpointException($"{file.Path}: labels names token ({row}, {position}), which attention_mask leaves out");
        }
    }
}
