using Beret.Checkpoints;
using Beret.Numerics;

namespace Beret.Models;

/// <summary>Makes a model from its configuration and its weights.</summary>
internal static class ModelLoader
{
    private const int MostOutputs = 1 << 20;

    /// <summary>Loads an encoder and its classifier from a folder with config.json and a checkpoint; see the other overload.</summary>
    public static LoadedModel Load(string folder, IBackend backend, int? outputs = null, ulong seed = 0, Func<EncoderConfig, EncoderConfig>? adjust = null)
    {
        using var checkpoint = Open(folder, adjust, out var config);
        return Load(config, checkpoint, backend, outputs, seed);
    }

    /// <summary>
    /// Loads an encoder and its classifier. Where the checkpoint has no classifier, or one with another number of outputs, a new one is drawn
    /// (Glorot uniform, zero bias); so is what else a pretrained encoder comes without. Everything else has to be there.
    /// </summary>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="checkpoint">The weights; stays the caller's.</param>
    /// <param name="backend">Where the parameters live; stays the caller's.</param>
    /// <param name="outputs">The number of logits, or null for as many as the checkpoint's classifier has.</param>
    /// <param name="seed">For a new classifier.</param>
    /// <param name="teacherWidth">As <see cref="SequenceClassifier"/> takes it.</param>
    /// <param name="drawsHead">Whether a new classifier is drawn even where the checkpoint has one of that size: it decides something else.</param>
    /// <exception cref="ModelException">Weights are missing or of another shape.</exception>
    public static LoadedModel Load(
        EncoderConfig config, Checkpoint checkpoint, IBackend backend, int? outputs = null, ulong seed = 0, int teacherWidth = 0, bool drawsHead = false)
    {
        config = config.Family.Adapt(config, checkpoint);
        RequireEnough(config, checkpoint);
        var stored = StoredOutputs(checkpoint, config);
        var count = outputs ?? stored ?? throw new ModelException(
            $"{checkpoint.Path} has no classifier (no tensor {config.Family.Head(config).Output}.weight): train one with beret train --model");
        var model = new SequenceClassifier(backend, config, count, teacherWidth);
        try
        {
            var isNew = drawsHead || stored != count;
            var report = WeightLoader.Load(checkpoint, model.Parameters, config.Family.Prefix, isNew ? model.Head : null);
            var drawn = Complete(report, checkpoint, model.Parameters, parameter => model.Initialize(parameter, seed));
            if (isNew)
            {
                Initialization.GlorotUniform(backend, model.Head.Weights[0], seed);
                Initialization.Constant(backend, model.Head.Biases[0], 0);
            }

            return new LoadedModel(model, isNew, drawn, report.Unused);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Loads an encoder without a classifier from a folder with config.json and a checkpoint; see the other overload.</summary>
    public static LoadedEncoder LoadEncoder(string folder, IBackend backend, Func<EncoderConfig, EncoderConfig>? adjust = null)
    {
        using var checkpoint = Open(folder, adjust, out var config);
        return LoadEncoder(config, checkpoint, backend);
    }

    /// <summary>
    /// Loads an encoder without a classifier; a classifier that the checkpoint may have is left alone. A pooler that the checkpoint lacks, as those of masked language
    /// models do, the encoder lacks too (<see cref="EncoderConfig.HasPooler"/>), unless the family knows its start: nothing is left to chance.
    /// </summary>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="checkpoint">The weights; stays the caller's.</param>
    /// <param name="backend">Where the parameters live; stays the caller's.</param>
    /// <exception cref="ModelException">Weights are missing or of another shape.</exception>
    public static LoadedEncoder LoadEncoder(EncoderConfig config, Checkpoint checkpoint, IBackend backend)
    {
        config = config.Family.Adapt(config, checkpoint);
        RequireEnough(config, checkpoint);
        var parameters = new ParameterSet(backend);
        try
        {
            var encoder = config.Family.Create(parameters, config);
            parameters.Allocate();
            var report = WeightLoader.Load(checkpoint, parameters, config.Family.Prefix);
            if (config.BringsPooler && Pooler.Parameters(parameters, config).All(parameter => report.Missing.Contains(parameter) && !encoder.Initialize(parameter, backend, seed: null)))
            {
                parameters.Dispose();
                return LoadEncoder(config with { HasPooler = false }, checkpoint, backend);
            }

            Complete(report, checkpoint, parameters, parameter => encoder.Initialize(parameter, backend, seed: null));
            return new LoadedEncoder(encoder, parameters);
        }
        catch
        {
            parameters.Dispose();
            throw;
        }
    }

    /// <summary>Loads a masked language model; a head that the checkpoint does not have, or not all of, is drawn.</summary>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="checkpoint">The weights; stays the caller's.</param>
    /// <param name="backend">Where the parameters live; stays the caller's.</param>
    /// <param name="seed">For a new head.</param>
    /// <param name="teacherWidth">As <see cref="MaskedLanguageModel"/> takes it.</param>
    /// <exception cref="ModelException">Weights are missing or of another shape, or the family has no such head here.</exception>
    public static LoadedMaskedModel LoadMasked(EncoderConfig config, Checkpoint checkpoint, IBackend backend, ulong seed = 0, int teacherWidth = 0)
    {
        config = config.Family.Adapt(config, checkpoint);
        RequireEnough(config, checkpoint);
        if (!config.TiesDecoder)
        {
            throw new ModelException($"{checkpoint.Path}: config.json says tie_word_embeddings false; a decoder that is not tied to the word embeddings is not supported");
        }

        var model = new MaskedLanguageModel(backend, config, teacherWidth);
        try
        {
            var report = WeightLoader.Load(checkpoint, model.Parameters, config.Family.Prefix);
            return new LoadedMaskedModel(model, Complete(report, checkpoint, model.Parameters, parameter => model.Initialize(parameter, seed)));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Loads a discriminator with its generator; the heads, and a generator that is not there, are drawn.</summary>
    /// <param name="config">The discriminator's sizes.</param>
    /// <param name="checkpoint">Its weights; stays the caller's.</param>
    /// <param name="generator">The generator's, under <see cref="ReplacedTokenModel.GeneratorPrefix"/>, or null; stays the caller's.</param>
    /// <param name="generatorSize">Its width, as a share.</param>
    /// <param name="backend">Where the parameters live; stays the caller's.</param>
    /// <param name="seed">For what is drawn.</param>
    /// <exception cref="ModelException">Weights are missing or of another shape, or it is no ELECTRA.</exception>
    public static (ReplacedTokenModel Model, IReadOnlyList<string> Drawn) LoadReplaced(
        EncoderConfig config, Checkpoint checkpoint, Checkpoint? generator, double generatorSize, IBackend backend, ulong seed)
    {
        config = config.Family.Adapt(config, checkpoint);
        RequireEnough(config, checkpoint);
        var model = new ReplacedTokenModel(backend, config, generatorSize);
        try
        {
            var report = WeightLoader.Load(checkpoint, model.Parameters, config.Family.Prefix);
            if (generator is not null)
            {
                var missing = WeightLoader.Load(generator, model.Parameters, config.Family.Prefix).Missing;
                report = report with { Missing = [.. report.Missing.Where(parameter => missing.Contains(parameter))] };
            }

            return (model, Complete(report, checkpoint, model.Parameters, parameter => model.Initialize(parameter, seed)));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The number of logits of the classifier that a checkpoint holds, or null where it holds none.</summary>
    /// <exception cref="ModelException">The classifier does not fit the encoder.</exception>
    public static int? StoredOutputs(Checkpoint checkpoint, EncoderConfig config) => checkpoint.Find($"{config.Family.Head(config).Output}.weight") switch
    {
        null => null,
        { Shape: [>= 1 and <= MostOutputs and var outputs, var inputs] } when inputs == config.HiddenSize => (int)outputs,
        var other => throw new ModelException($"{checkpoint.Path}: tensor {other} is no classifier on {config.HiddenSize} features, which is the hidden_size of config.json"),
    };

    private static Checkpoint Open(string folder, Func<EncoderConfig, EncoderConfig>? adjust, out EncoderConfig config)
    {
        config = ConfigReader.Read(Path.Combine(folder, "config.json"));
        config = adjust?.Invoke(config) ?? config;
        return Checkpoint.Open(folder);
    }

    /// <summary>
    /// Before memory is taken by the sizes that config.json gives: the checkpoint has to hold as many weights. By half: small parts may be missing and drawn anew.
    /// </summary>
    private static void RequireEnough(EncoderConfig config, Checkpoint checkpoint)
    {
        var held = checkpoint.Tensors.Sum(tensor => (double)tensor.Count);
        if (config.ParameterCount > 2 * held)
        {
            throw new ModelException(
                $"config.json describes an encoder of {config.ParameterCount:0} weights, but {checkpoint.Path} holds only {held:0}; is it a checkpoint of that model?");
        }
    }

    /// <summary>Starts what may be missing.</summary>
    /// <returns>The names of the parameters that were not in the checkpoint.</returns>
    private static string[] Complete(LoadReport report, Checkpoint checkpoint, ParameterSet parameters, Func<Parameter, bool> initialize)
    {
        var missing = report.Missing.Where(parameter => !initialize(parameter)).ToList();
        return missing.Count == 0
            ? [.. report.Missing.Select(parameter => parameter.Name)]
            : throw new ModelException(
                $"{checkpoint.Path} lacks {missing.Count} of the model's {parameters.All.Count} tensors, the first of them {missing[0].Name}; "
                + "is it a checkpoint of the model that config.json describes?");
    }
}

/// <summary>An encoder without a head.</summary>
/// <param name="Encoder">The encoder.</param>
/// <param name="Parameters">Its weights; the caller's to dispose.</param>
internal sealed record LoadedEncoder(EncoderModel Encoder, ParameterSet Parameters);

/// <summary>A masked language model.</summary>
/// <param name="Model">The model; the caller's to dispose.</param>
/// <param name="Drawn">The parameters that the checkpoint did not have.</param>
internal sealed record LoadedMaskedModel(MaskedLanguageModel Model, IReadOnlyList<string> Drawn);

/// <summary>A model and what was noticed as it was loaded.</summary>
/// <param name="Model">The model; the caller's to dispose.</param>
/// <param name="HasNewHead">Whether the classifier was drawn at random.</param>
/// <param name="Drawn">The other parameters that the checkpoint did not have.</param>
/// <param name="UnusedTensors">Tensors of the checkpoint that the model has no use for.</param>
internal sealed record LoadedModel(SequenceClassifier Model, bool HasNewHead, IReadOnlyList<string> Drawn, IReadOnlyList<string> UnusedTensors)
{
    /// <summary>The layers that start anew, by the names of their tensors without "weight" and "bias".</summary>
    public IReadOnlyList<string> NewLayers =>
    [
        .. Drawn.Intersect(Model.OwnParameters.Select(parameter => parameter.Name)).Concat(HasNewHead ? Model.Head.Weights.Select(weight => weight.Name) : []).Select(name => name[..name.LastIndexOf('.')]).Distinct(StringComparer.Ordinal),
    ];
}
