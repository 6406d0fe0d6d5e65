using Beret.Checkpoints;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>Makes a model from a folder in the Hugging Face layout: config.json and weights.</summary>
internal static class ModelLoader
{
    private const int MostOutputs = 1 << 20;

    /// <summary>
    /// Loads an encoder and its classifier. Where the folder has no classifier, or one with another number of outputs, a new one is drawn
    /// (Glorot uniform, zero bias); everything else has to be there.
    /// </summary>
    /// <param name="folder">Holds config.json and a checkpoint.</param>
    /// <param name="backend">Where the parameters live; stays the caller's.</param>
    /// <param name="outputs">The number of logits, or null for as many as the folder's classifier has.</param>
    /// <param name="seed">For a new classifier.</param>
    /// <param name="adjust">Changes the configuration before the model is made: dropout rates, the activation of a TensorFlow source.</param>
    /// <exception cref="ModelException">Weights are missing or of another shape.</exception>
    public static LoadedModel Load(string folder, IBackend backend, int? outputs = null, ulong seed = 0, Func<EncoderConfig, EncoderConfig>? adjust = null)
    {
        var config = ConfigReader.Read(Path.Combine(folder, "config.json"));
        config = adjust?.Invoke(config) ?? config;
        using var checkpoint = Checkpoint.Open(folder);
        RequireEnough(config, checkpoint);
        var stored = StoredOutputs(checkpoint, config);
        var count = outputs ?? stored ?? throw new ModelException(
            $"{folder} has no classifier (no tensor classifier.weight): train one with beret train --model {folder}");
        var model = new SequenceClassifier(backend, config, count);
        try
        {
            var isNew = stored != count;
            var report = WeightLoader.Load(checkpoint, model.Parameters, model.Encoder.Prefix, isNew ? model.Head : null);
            RequireAll(report, checkpoint, model.Parameters);
            if (isNew)
            {
                Initialization.GlorotUniform(backend, model.Head.Weights[0], seed);
                Initialization.Constant(backend, model.Head.Biases[0], 0);
            }

            return new LoadedModel(model, isNew, report.Unused);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Loads an encoder without a classifier; a classifier that the folder may have is left alone.</summary>
    /// <param name="folder">Holds config.json and a checkpoint.</param>
    /// <param name="backend">Where the parameters live; stays the caller's.</param>
    /// <param name="adjust">Changes the configuration before the model is made.</param>
    /// <exception cref="ModelException">Weights are missing or of another shape.</exception>
    public static LoadedEncoder LoadEncoder(string folder, IBackend backend, Func<EncoderConfig, EncoderConfig>? adjust = null)
    {
        var config = ConfigReader.Read(Path.Combine(folder, "config.json"));
        config = adjust?.Invoke(config) ?? config;
        using var checkpoint = Checkpoint.Open(folder);
        RequireEnough(config, checkpoint);
        var parameters = new ParameterSet(backend);
        try
        {
            var encoder = new Bert(parameters, config);
            parameters.Allocate();
            RequireAll(WeightLoader.Load(checkpoint, parameters, encoder.Prefix), checkpoint, parameters);
            return new LoadedEncoder(encoder, parameters);
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
    }

    /// <summary>The number of logits of the classifier that a checkpoint holds, or null where it holds none.</summary>
    /// <exception cref="ModelException">The classifier does not fit the encoder.</exception>
    public static int? StoredOutputs(Checkpoint checkpoint, EncoderConfig config) => checkpoint.Find("classifier.weight") switch
    {
        null => null,
        { Shape: [>= 1 and <= MostOutputs and var outputs, var inputs] } when inputs == config.HiddenSize => (int)outputs,
        var other => throw new ModelException($"{checkpoint.Path}: tensor {other} is no classifier on {config.HiddenSize} features, which is the hidden_size of config.json"),
    };

    /// <summary>Before memory is taken by the sizes that config.json gives: the checkpoint has to hold as many weights.</summary>
    private static void RequireEnough(EncoderConfig config, Checkpoint checkpoint)
    {
        var held = checkpoint.Tensors.Sum(tensor => (double)tensor.Count);
        if (config.ParameterCount > held)
        {
            throw new ModelException(
                $"config.json describes an encoder of {config.ParameterCount:0} weights, but {checkpoint.Path} holds only {held:0}; is it a checkpoint of that model, with its pooler?");
        }
    }

    private static void RequireAll(LoadReport report, Checkpoint checkpoint, ParameterSet parameters)
    {
        if (report.Missing.Count > 0)
        {
            throw new ModelException(
                $"{checkpoint.Path} lacks {report.Missing.Count} of the model's {parameters.All.Count} tensors, the first of them {report.Missing[0].Name}; "
                + "is it a checkpoint of the model that config.json describes?");
        }
    }
}

/// <summary>An encoder without a head.</summary>
/// <param name="Encoder">The encoder.</param>
/// <param name="Parameters">Its weights; the caller's to dispose.</param>
internal sealed record LoadedEncoder(EncoderModel Encoder, ParameterSet Parameters);

/// <summary>A model and what was noticed as it was loaded.</summary>
/// <param name="Model">The model; the caller's to dispose.</param>
/// <param name="HasNewHead">Whether the classifier was drawn at random.</param>
/// <param name="UnusedTensors">Tensors of the checkpoint that the model has no use for.</param>
internal sealed record LoadedModel(SequenceClassifier Model, bool HasNewHead, IReadOnlyList<string> UnusedTensors);
