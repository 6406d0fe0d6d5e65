using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;

namespace Beret.Parity;

/// <summary>
/// Runs a model on the inputs of a file that another program wrote and compares every output and every gradient with what that program computed.
/// </summary>
internal static class ParityRun
{
    /// <summary>Compares.</summary>
    /// <param name="path">The model, as <see cref="ModelFiles.Open"/> takes it; its tokenizer is not needed.</param>
    /// <param name="expectedFile">The inputs and the expected tensors.</param>
    /// <param name="tolerance">Replaces all default tolerances: absolute, and for gradients also relative to the tensor's largest entry.</param>
    /// <param name="backend">Computes all but the attention probabilities.</param>
    /// <exception cref="CheckpointException">The file has no usable inputs.</exception>
    public static IReadOnlyList<ParityRow> Run(string path, string expectedFile, double? tolerance, IBackend backend)
    {
        using var expected = Checkpoint.Open(expectedFile);
        var files = ModelFiles.Open(path);
        var rules = ParityCase.Beside(expectedFile);
        var watch = new AttentionWatch(backend);
        return [.. (rules.IsMasked || MaskedParity.Is(expected) ? RunMasked(files, expected, rules, tolerance, watch) : RunClassifier(files, expected, rules, tolerance, watch))
            .OrderBy(row => row.Name, new NaturalOrder())];
    }

    private static List<ParityRow> RunClassifier(ModelFiles files, Checkpoint expected, ParityCase rules, double? tolerance, AttentionWatch watch)
    {
        var file = ParityFile.Read(expected, files.Config.Family);
        using var model = Load(files, file, watch, out var hasHead);
        model.Parameters.AllocateForTraining();
        var loss = rules.LossOf(model, oneLogitIsBinary: file.IsTensorFlow || file.Head is not null);
        var allowed = new ParityTolerance(file.IsTensorFlow, model.Config.Family.ModelType, BringsHead: file.Head is not null, tolerance);
        var rows = new List<ParityRow>();
        foreach (var part in file.Parts)
        {
            var batch = ParityBatch.Read(part.Values, model.Config, hasHead ? model.Outputs : null, loss);
            model.Encoder.Check(batch.Packed);
            var outputs = ClassifierParity.Compute(model, hasHead, batch, loss, watch);
            rows.AddRange(new ParityComparison(part, batch, rules, allowed, model.Config, model.Parameters.All, outputs).Rows);
        }

        rows.AddRange(file.Unknown.Select(tensor => ParityComparison.NotCompared(tensor.Name, "no output of this name")));
        return rows;
    }

    private static IEnumerable<ParityRow> RunMasked(ModelFiles files, Checkpoint expected, ParityCase rules, double? tolerance, AttentionWatch watch)
    {
        using var weights = files.OpenWeights();
        using var model = ModelLoader.LoadMasked(files.Config, weights, watch).Model;
        model.Parameters.AllocateForTraining();
        var batch = ParityBatch.Read(expected, model.Config, outputs: null, Loss.CrossEntropy);
        model.Encoder.Check(batch.Packed);
        var outputs = MaskedParity.Compute(model, batch, expected, watch);
        var part = new ParityPart(expected, expected.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Name, StringComparer.Ordinal));
        var allowed = new ParityTolerance(IsTensorFlow: false, model.Config.Family.ModelType, BringsHead: false, tolerance);
        return [.. new ParityComparison(part, batch, rules, allowed, model.Config, model.Parameters.All, outputs).Rows];
    }

    private static SequenceClassifier Load(ModelFiles files, ParityFile file, IBackend backend, out bool hasHead)
    {
        using var weights = files.OpenWeights();
        var config = files.Config;
        var brought = file.Head?.Get("weight");
        hasHead = brought is not null || ModelLoader.StoredOutputs(weights, config.Family.Adapt(config, weights)) is not null;

        // A bare encoder gets a classifier that is not looked at.
        var outputs = brought switch
        {
            null => hasHead ? null : (int?)1,
            { Shape: [> 0 and < 1 << 20 and var count, var width] } when width == config.HiddenSize && (file.Head!.Find("bias")?.Count ?? count) == count => (int)count,
            _ => throw new CheckpointException($"{file.Head!.Path}: the classifier is no dense layer on the {config.HiddenSize} features of the model"),
        };
        var model = ModelLoader.Load(config, weights, backend, outputs).Model;
        if (file.Head is { } head)
        {
            backend.Write(head.Read("weight"), model.Head.Weights[0].Value);
            backend.Write(head.Contains("bias") ? head.Read("bias") : new float[model.Outputs], model.Head.Biases[0].Value);
            model.Parameters.Touch();
        }

        return model;
    }
}
