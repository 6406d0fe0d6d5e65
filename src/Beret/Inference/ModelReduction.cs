using System.Globalization;
using System.Text.RegularExpressions;
using Beret.Hub;
using Beret.Models;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>What of a model is kept.</summary>
public sealed record ReductionOptions
{
    /// <summary>The vocabulary that the model gets: the folder of a tokenizer (as <c>beret vocab</c> writes it) or a vocab.txt; null: it keeps its own.</summary>
    public string? Vocabulary { get; init; }

    /// <summary>The layers that are kept, counted from 0, in rising order; null: as many as <see cref="LayerCount"/> says.</summary>
    public IReadOnlyList<int>? Layers { get; init; }

    /// <summary>How many layers are kept, those that <see cref="ModelReduction.Spread"/> chooses; null: all.</summary>
    public int? LayerCount { get; init; }
}

/// <summary>What a reduction wrote.</summary>
/// <param name="Layers">The layers that were kept, by their numbers in the source.</param>
/// <param name="Parameters">The number of weights.</param>
/// <param name="Taken">The tokens whose embedding is that of the same token in the source.</param>
/// <param name="Averaged">The tokens whose embedding is the mean of the pieces that the source spells them with.</param>
/// <param name="Unknown">The tokens that the source cannot spell, which begin as its unknown token.</param>
public sealed record ReductionSummary(IReadOnlyList<int> Layers, long Parameters, int Taken, int Averaged, int Unknown);

/// <summary>
/// Makes a smaller encoder of a larger one, as the start of a student: fewer layers (as DistilBERT begins, Sanh et al. 2019, section 3) and another vocabulary, whose embeddings are taken
/// over or put together from the old pieces.
/// </summary>
public static partial class ModelReduction
{
    /// <summary>Which layers to keep of so many: the first, the last, and those between at even distances.</summary>
    /// <param name="of">The layers that there are.</param>
    /// <param name="keep">The layers to keep; one alone is the last.</param>
    public static int[] Spread(int of, int keep)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(keep, of);
        return keep == 1 ? [of - 1] : [.. Enumerable.Range(0, keep).Select(i => ((2 * i * (of - 1)) + keep - 1) / (2 * (keep - 1)))];
    }

    /// <summary>Writes config.json, model.safetensors and the tokenizer's files of the reduced encoder, all of it or nothing. A classifier is left behind.</summary>
    /// <param name="source">A model, as <see cref="ModelConversion.Convert"/> takes it.</param>
    /// <param name="destination">The folder to write; it must not exist, or be empty.</param>
    /// <param name="options">What to keep.</param>
    /// <param name="named">Whose definition the model's name stands for, where the source is the folder of a name.</param>
    /// <exception cref="BeretException">The source is no model or does not have such layers, the vocabulary cannot be used, or the folder cannot be written.</exception>
    public static ReductionSummary Reduce(string source, string destination, ReductionOptions options, ModelSource? named = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        ArgumentNullException.ThrowIfNull(options);
        ModelConversion.RequireEmpty(destination);
        var files = ModelFiles.Open(source, named);
        if (options.LayerCount is { } keep && (keep < 1 || keep > files.Config.Layers))
        {
            throw new InferenceException($"{keep} layers cannot be kept: {source} has {files.Config.Layers}");
        }

        var layers = options.Layers ?? Spread(files.Config.Layers, options.LayerCount ?? files.Config.Layers);
        if (layers.Count == 0 || layers.Index().Any(layer => layer.Item < 0 || layer.Item >= files.Config.Layers || (layer.Index > 0 && layer.Item <= layers[layer.Index - 1])))
        {
            throw new InferenceException(
                $"the layers {string.Join(", ", layers)} cannot be kept: name some of 0 to {files.Config.Layers - 1}, the layers of {source}, in rising order");
        }

        var oldTokenizer = files.LoadTokenizer();
        var tokenizer = options.Vocabulary is { } vocabulary ? ModelTokenizer.LoadVocabulary(vocabulary) : oldTokenizer;
        using var backend = CpuBackend.Create(1);
        using var weights = files.OpenWeights();
        var (encoder, parameters) = ModelLoader.LoadEncoder(files.Config, weights, backend);
        using var old = parameters;
        var trimming = options.Vocabulary is null ? null : VocabularyTrimming.Between(oldTokenizer, tokenizer);
        var config = encoder.Config with { Layers = layers.Count };
        if (trimming is not null)
        {
            config = config with { VocabularySize = tokenizer.VocabularySize, PaddingId = tokenizer.PaddingId };
        }

        using var reduced = new ParameterSet(backend);
        config.Family.Create(reduced, config);
        reduced.Allocate();
        var byName = old.All.ToDictionary(parameter => parameter.Name, StringComparer.Ordinal);
        foreach (var parameter in reduced.All)
        {
            var from = byName.GetValueOrDefault(NameInSource(parameter.Name, layers)) ?? throw new InferenceException(
                $"the layers {string.Join(", ", layers)} cannot be kept: {source} has no {NameInSource(parameter.Name, layers)}, which the layer would need in its new place");
            if (parameter.HasRowGradient && trimming is not null)
            {
                trimming.Write(backend, from, parameter);
            }
            else
            {
                var values = new float[from.Length];
                backend.Read(from.Value, values);
                backend.Write(values, parameter.Value);
            }
        }

        reduced.Touch();
        ModelConversion.Write(destination, tokenizer, reduced, stream => HuggingFaceConfig.Write(stream, config, files.Source, config.Family.EncoderArchitecture));
        return new ReductionSummary(
            layers, reduced.Count, trimming?.Taken ?? tokenizer.VocabularySize, trimming?.Averaged ?? 0, trimming?.Unknown ?? 0);
    }

    /// <summary>The name with the number of the layer that is kept in place of its own.</summary>
    private static string NameInSource(string name, IReadOnlyList<int> layers) => LayerNumber().Replace(
        name, match => layers[int.Parse(match.Value, CultureInfo.InvariantCulture)].ToString(CultureInfo.InvariantCulture), count: 1);

    [GeneratedRegex(@"(?<=\.layers?\.)\d+(?=\.)", RegexOptions.CultureInvariant)]
    private static partial Regex LayerNumber();
}
