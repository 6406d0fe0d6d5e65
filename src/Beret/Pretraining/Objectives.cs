using Beret.Checkpoints;
using Beret.Hub;
using Beret.Inference;
using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training;

namespace Beret.Pretraining;

/// <summary>Makes the objective that a recipe asks for, and writes what objectives have in common.</summary>
internal static class Objectives
{
    /// <summary>With the weights of a checkpoint.</summary>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="weights">Stays the caller's.</param>
    /// <param name="folder">Where the checkpoint lies.</param>
    /// <param name="backend">Stays the caller's.</param>
    /// <param name="recipe">The rest.</param>
    /// <param name="teacherWidth">The size of a teacher's states; 0 without one.</param>
    public static IObjective Load(EncoderConfig config, Checkpoint weights, string folder, IBackend backend, PretrainingRecipe recipe, int teacherWidth)
    {
        Check(config, recipe, teacherWidth);
        if (recipe.Objective == PretrainingObjective.MaskedTokens)
        {
            var loaded = ModelLoader.LoadMasked(config, weights, backend, (ulong)recipe.Seed, teacherWidth);
            return new MaskedTokens(loaded.Model, loaded.Drawn, recipe, teacherWidth);
        }

        using var generator = ReplacedTokens.OpenGenerator(folder);
        var (model, drawn) = ModelLoader.LoadReplaced(config, weights, generator, recipe.GeneratorSize, backend, (ulong)recipe.Seed);
        return new ReplacedTokens(model, drawn, recipe);
    }

    /// <summary>From nothing, with random weights.</summary>
    public static IObjective New(EncoderConfig config, IBackend backend, PretrainingRecipe recipe, int teacherWidth)
    {
        Check(config, recipe, teacherWidth);
        if (recipe.Objective == PretrainingObjective.MaskedTokens)
        {
            var model = new MaskedLanguageModel(backend, config, teacherWidth);
            model.InitializeAll((ulong)recipe.Seed);
            return new MaskedTokens(model, drawn: null, recipe, teacherWidth);
        }

        var pair = new ReplacedTokenModel(backend, config, recipe.GeneratorSize);
        pair.InitializeAll((ulong)recipe.Seed);
        return new ReplacedTokens(pair, drawn: null, recipe);
    }

    public static AdamWOptions Optimizer(PretrainingRecipe recipe) => new() { WeightDecay = recipe.WeightDecay, Variant = AdamVariant.PyTorch, ClipNorm = ClipNorm.Summed };

    /// <summary>The most tokens of a step, and so many to guess as there rarely are: a quarter more than on average.</summary>
    public static (int Tokens, int Masked) Largest(PretrainingRecipe recipe)
    {
        var tokens = recipe.BatchSize > 0 ? checked(recipe.BatchSize * recipe.MaxLength) : Math.Max(recipe.BatchTokens, recipe.MaxLength);
        return (tokens, Math.Clamp((int)(1.25 * recipe.Mask * tokens), 1, tokens));
    }

    /// <summary>Writes config.json and model.safetensors.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="config">The sizes.</param>
    /// <param name="source">Whose definition they follow.</param>
    /// <param name="architecture">The class of transformers that loads it.</param>
    /// <param name="set">Holds the weights.</param>
    /// <param name="weights">Those that are written, by the names that they get.</param>
    public static void Write(
        string folder, EncoderConfig config, ModelSource source, string architecture, ParameterSet set, IEnumerable<(string Name, Parameter Parameter)> weights)
    {
        using (var file = File.Create(Path.Combine(folder, HuggingFaceConfig.FileName)))
        {
            HuggingFaceConfig.Write(file, config with { Labels = null, ProblemType = null }, source, architecture);
        }

        ModelFolder.WriteWeights(Path.Combine(folder, ModelFolder.Weights), set, weights);
    }

    /// <summary>Layers by the names of their tensors without "weight" and "bias".</summary>
    public static IReadOnlyList<string>? Layers(IEnumerable<string>? names) => names is null ? null :
    [
        .. names.Select(name => name.EndsWith(".weight", StringComparison.Ordinal) || name.EndsWith(".bias", StringComparison.Ordinal) ? name[..name.LastIndexOf('.')] : name)
            .Distinct(StringComparer.Ordinal),
    ];

    /// <summary>Before memory is taken.</summary>
    private static void Check(EncoderConfig config, PretrainingRecipe recipe, int teacherWidth)
    {
        if (teacherWidth > 0 && recipe.Objective != PretrainingObjective.MaskedTokens)
        {
            throw new TrainingException("a teacher's states are learnt beside masked tokens; leave out --teacher or --objective replaced-tokens");
        }

        if (recipe.MaxLength > config.MaxPositions)
        {
            throw new TrainingException($"--max-length {recipe.MaxLength} is more than the {config.MaxPositions} positions that the model knows");
        }
    }
}
