using Beret.Models;
using Beret.Numerics;

namespace Beret.Inference;

/// <summary>How many weights each part of a model has.</summary>
/// <param name="Embeddings">Tables, their normalisation, and the layer from their width to the model's.</param>
/// <param name="Blocks">All blocks together, and what they share; blocks that are the same weights again are counted once.</param>
/// <param name="Pooler">The encoder's pooler; 0 where it has none.</param>
/// <param name="HeadTransform">The classifier's dense layer before its last; 0 where it has none.</param>
public sealed record ModelParts(long Embeddings, long Blocks, long Pooler, long HeadTransform)
{
    /// <summary>The parts of a BERT of these sizes, for weights without a configuration.</summary>
    internal static ModelParts OfBert(EncoderShape shape)
    {
        var (e, h, f) = ((long)shape.EmbeddingSize, (long)shape.HiddenSize, (long)shape.IntermediateSize);
        var tables = (shape.VocabularySize + (long)shape.MaxPositions + shape.TypeVocabularySize + 2) * e;
        return new ModelParts(tables + (e == h ? 0 : (e + 1) * h), shape.Layers * ((4 * (h + 1) * h) + (2 * h * f) + f + h + (4 * h)), (h + 1) * h, 0);
    }

    /// <summary>By the names of the parameters, whose first words are the same in all families.</summary>
    internal static ModelParts Of(IEnumerable<Parameter> parameters, EncoderConfig config)
    {
        var (embeddings, blocks, pooler, transform) = (0L, 0L, 0L, 0L);
        var prefix = config.Family.Prefix;
        var output = $"{config.Family.Head(config).Output}.";
        foreach (var parameter in parameters)
        {
            var name = parameter.Name;
            if (!name.StartsWith(prefix, StringComparison.Ordinal))
            {
                transform += name.StartsWith(output, StringComparison.Ordinal) ? 0 : parameter.Length;
            }
            else if (name.AsSpan(prefix.Length).StartsWith("pooler"))
            {
                pooler += parameter.Length;
            }
            else if (name.AsSpan(prefix.Length).StartsWith("embeddings") || name.Contains("embedding_hidden_mapping", StringComparison.Ordinal))
            {
                embeddings += parameter.Length;
            }
            else
            {
                blocks += parameter.Length;
            }
        }

        return new ModelParts(embeddings, blocks, pooler, transform);
    }
}
