using Beret.Checkpoints;
using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>What a conversion wrote.</summary>
/// <param name="Kind">What the source is, in words.</param>
/// <param name="Family">The architecture, as config.json names it.</param>
/// <param name="Parameters">The number of weights.</param>
/// <param name="Outputs">The number of logits; null for an encoder without a classifier.</param>
/// <param name="HasTokenizer">Whether the source had a vocabulary.</param>
/// <param name="Added">Weights that the source does not have and that were given their start, such as ELECTRA's pooler, the identity.</param>
/// <param name="LeftOut">Tensors of the source that are no part of the model.</param>
public sealed record ConversionSummary(
    string Kind, string Family, long Parameters, int? Outputs, bool HasTokenizer, IReadOnlyList<string> Added, IReadOnlyList<string> LeftOut);

/// <summary>Turns a model of any format into a folder in the Hugging Face layout.</summary>
public static class ModelConversion
{
    /// <summary>
    /// Writes config.json, model.safetensors (fp32) and the tokenizer's files, all of it or nothing; for a classifier that Beret or TensorFlow's tutorial trained
    /// beret.json too.
    /// </summary>
    /// <param name="source">A model folder, a TensorFlow SavedModel or checkpoint (by folder, index or prefix), or an archive of one of them.</param>
    /// <param name="destination">The folder to write; it must not exist, or be empty.</param>
    /// <param name="named">Whose definition the model's name stands for, where the source is the folder of a name.</param>
    /// <exception cref="BeretException">The source is no model, or the folder cannot be written.</exception>
    public static ConversionSummary Convert(string source, string destination, ModelSource? named = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        RequireEmpty(destination);
        var files = ModelFiles.Open(source, named);
        using var backend = CpuBackend.Create(1);
        using var weights = files.OpenWeights();
        var tokenizer = files.HasTokenizer ? files.LoadTokenizer() : null;
        var config = files.Config.Family.Adapt(files.Config, weights);
        if (ModelLoader.StoredOutputs(weights, config) is not { } outputs)
        {
            return ConvertEncoder(files, weights, tokenizer, destination, backend);
        }

        var loaded = ModelLoader.Load(config, weights, backend);
        using var model = loaded.Model;
        var description = files.Written ?? (files.Source == ModelSource.TensorFlow && tokenizer is not null ? files.Describe(outputs, tokenizer) : null);
        if (description is not null && tokenizer is not null)
        {
            ModelFolder.Write(destination, model, tokenizer, description);
        }
        else
        {
            Write(destination, tokenizer, model.Parameters, stream => HuggingFaceConfig.Write(stream, model.Config, files.Source));
        }

        return new ConversionSummary(
            files.Kind, config.Family.ModelType, model.Parameters.Count, outputs, tokenizer is not null, loaded.Drawn, loaded.UnusedTensors);
    }

    private static ConversionSummary ConvertEncoder(ModelFiles files, Checkpoint weights, Tokenizer? tokenizer, string destination, IBackend backend)
    {
        var loaded = ModelLoader.LoadEncoder(files.Config, weights, backend);
        using var parameters = loaded.Parameters;
        var config = loaded.Encoder.Config;
        Write(destination, tokenizer, parameters, stream => HuggingFaceConfig.Write(stream, config, files.Source, config.Family.EncoderArchitecture));
        var held = weights.Tensors.Select(tensor => tensor.Name).ToLookup(WithPrefix, StringComparer.Ordinal);
        var written = parameters.All.Select(parameter => parameter.Name).ToHashSet(StringComparer.Ordinal);
        return new ConversionSummary(
            files.Kind, config.Family.ModelType, parameters.Count, null, tokenizer is not null, [.. written.Where(name => !held.Contains(name)).Order(StringComparer.Ordinal)],
            [.. held.Where(names => !written.Contains(names.Key)).SelectMany(names => names).Order(StringComparer.Ordinal)]);

        string WithPrefix(string name) =>
            (name.StartsWith(config.Family.Prefix, StringComparison.Ordinal) ? name : config.Family.Prefix + name)
            .Replace("LayerNorm.gamma", "LayerNorm.weight", StringComparison.Ordinal).Replace("LayerNorm.beta", "LayerNorm.bias", StringComparison.Ordinal);
    }

    /// <exception cref="InferenceException">There is something in the folder already.</exception>
    internal static void RequireEmpty(string destination)
    {
        if (Directory.Exists(destination) && Directory.EnumerateFileSystemEntries(destination).Any())
        {
            throw new InferenceException($"{destination} is not empty; name a folder that does not exist yet");
        }
    }

    /// <summary>Writes a folder without a beret.json.</summary>
    internal static void Write(string destination, Tokenizer? tokenizer, ParameterSet parameters, Action<Stream> writeConfig) => AtomicFolder.Write(destination, folder =>
    {
        tokenizer?.Save(folder);
        using (var config = File.Create(Path.Combine(folder, HuggingFaceConfig.FileName)))
        {
            writeConfig(config);
        }

        ModelFolder.WriteWeights(Path.Combine(folder, CheckpointLocator.SingleFile), parameters);
    });
}
