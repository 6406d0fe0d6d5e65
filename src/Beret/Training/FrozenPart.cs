using Beret.Models;
using Beret.Numerics;
using Beret.Optimization;
using Beret.Training.Teachers;

namespace Beret.Training;

/// <summary>
/// The bottom of an encoder that keeps its pretrained weights: the embeddings, or these and the first layers. No gradient goes through it, so what its layers share with those above
/// (the tables of distances of DeBERTa and MPNet) learns from those above alone.
/// </summary>
internal static class FrozenPart
{
    /// <summary>Checks whether a recipe can be followed.</summary>
    /// <exception cref="TrainingException">The model has not so many layers, or they share their weights, or a teacher is to shape them.</exception>
    public static void Check(TrainingRecipe recipe, EncoderConfig config, bool hasTeacher)
    {
        var layers = recipe.FreezeLayers;
        if (layers > config.Layers)
        {
            throw new TrainingException($"--freeze-layers is {layers}, and the model has {config.Layers} layers");
        }

        if (layers > 0 && config is AlbertConfig)
        {
            throw new TrainingException("--freeze-layers is not there for albert, whose layers share their weights; --freeze-embeddings is");
        }

        if (hasTeacher && layers > 0 && recipe.HiddenStates == HiddenStates.All)
        {
            throw new TrainingException("--hidden-states all holds every layer to the teacher's, and --freeze-layers leaves some as they are: hold the last alone (--hidden-states last)");
        }

        if (hasTeacher && layers == config.Layers && recipe.Relations != Relations.None)
        {
            throw new TrainingException($"--relations shapes the last layer, and --freeze-layers {layers} leaves it as it is");
        }
    }

    /// <summary>Freezes what a recipe wants frozen, before memory is taken for training.</summary>
    public static void Apply(SequenceClassifier model, TrainingRecipe recipe)
    {
        var (config, layers) = (model.Config, recipe.FreezeLayers);
        model.FrozenLayers = layers > 0 ? layers : recipe.FreezeEmbeddings ? 0 : -1;
        if (model.FrozenLayers < 0)
        {
            return;
        }

        foreach (var parameter in model.Parameters.All)
        {
            parameter.IsFrozen |= IsFrozen(parameter, config, model.FrozenLayers);
        }
    }

    private static bool IsFrozen(Parameter parameter, EncoderConfig config, int layers)
    {
        if (!parameter.Name.StartsWith(config.Family.Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var name = parameter.Name[config.Family.Prefix.Length..];
        var standsAbove = name.StartsWith("pooler.", StringComparison.Ordinal) || name.StartsWith("final_norm.", StringComparison.Ordinal);
        return !standsAbove && LayerOf(name, config.Layers) <= layers;
    }

    /// <summary>A projection of the embeddings is theirs; DeBERTa's convolution is the first block's; what all blocks share goes with the last.</summary>
    private static int LayerOf(string name, int layers) => ParameterPlace.LayerOf(name)
        ?? (name.Contains("embeddings_project.", StringComparison.Ordinal) || name.Contains("embedding_hidden_mapping_in.", StringComparison.Ordinal) ? 0
            : name.StartsWith("encoder.conv.", StringComparison.Ordinal) ? 1
            : layers);
}
