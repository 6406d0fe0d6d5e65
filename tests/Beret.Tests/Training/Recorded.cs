using Beret.Checkpoints;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Tests.Training;

/// <summary>Inputs of a recorded run as this library takes them, and the parts of a model as the recording names them.</summary>
internal static class Recorded
{
    /// <summary>Packs the rows of padded [B, S] tensors: masked positions are dropped, the others keep their numbers.</summary>
    public static PackedBatch Batch(Checkpoint file, string ids, string mask, string types)
    {
        var (rows, length) = ((int)file.Get(ids).Shape[0], (int)file.Get(ids).Shape[1]);
        var (allIds, allMask, allTypes) = (Integers(file, ids), Integers(file, mask), Integers(file, types));
        var batch = new PackedBatch();
        for (var b = 0; b < rows; b++)
        {
            int[] places = [.. Enumerable.Range(0, length).Where(s => allMask[b * length + s] != 0)];
            batch.Add([.. places.Select(s => allIds[b * length + s])], [.. places.Select(s => allTypes[b * length + s])], places);
        }

        return batch;
    }

    public static int[] Integers(Checkpoint file, string name)
    {
        var values = new long[file.Get(name).Count];
        file.ReadInt64(name, values);
        return [.. values.Select(v => checked((int)v))];
    }

    public static double[] Doubles(Checkpoint file, string name)
    {
        var values = new double[file.Get(name).Count];
        file.ReadDouble(name, values);
        return values;
    }

    /// <summary>The parameter of this checkpoint name, with or without the encoder's prefix.</summary>
    public static Parameter Parameter(SequenceClassifier model, string name) =>
        model.Parameters.All.Single(p => p.Name == name || p.Name == model.Config.Family.Prefix + name);

    public static float[] Values(IBackend backend, Matrix matrix)
    {
        var values = new float[matrix.Length];
        backend.Read(matrix, values);
        return values;
    }

    /// <summary>The real MiniLM, without dropout, with a classifier of one logit from a recorded run.</summary>
    public static SequenceClassifier MiniLm(IBackend backend, Checkpoint recorded, bool dropout = false)
    {
        var loaded = ModelLoader.Load(
            Shared.Path("models", "all-MiniLM-L6-v2"), backend, outputs: 1,
            adjust: config => dropout ? config : config with { HiddenDropout = 0, AttentionDropout = 0, ClassifierDropout = 0 });
        backend.Write(recorded.Read("classifier.weight"), loaded.Model.Head.Weights[0].Value);
        backend.Write(recorded.Read("classifier.bias"), loaded.Model.Head.Biases[0].Value);
        loaded.Model.Parameters.Touch();
        return loaded.Model;
    }

    /// <summary>The logits of a batch without dropout, [B, K].</summary>
    public static float[] Logits(SequenceClassifier model, IBackend backend, PackedBatch batch)
    {
        using var arena = new Arena(backend);
        var ops = new Ops(backend, arena, tape: null);
        ops.Begin();
        return Values(backend, model.Forward(ops, ops.Upload(batch)).Logits.Data);
    }
}
