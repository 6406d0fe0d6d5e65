using Beret.Numerics;

namespace Beret.Models;

/// <summary>
/// Word, position and token-type embeddings (these where the model has any), their normalisation, and, where the tables are narrower than the model, a dense layer
/// to its width.
/// (Devlin et al., BERT, 2019, §3 "Input/Output Representations"; Clark et al., ELECTRA, 2020, §3.1 for the projection.)
/// </summary>
internal sealed class Embeddings
{
    private readonly EmbeddingTables tables;
    private readonly Dense? projection;
    private readonly double dropout;

    /// <param name="set">The model's parameters.</param>
    /// <param name="root">The encoder's own part of the names.</param>
    /// <param name="config">The sizes.</param>
    /// <param name="projectionName">The name of the dense layer in a family that always has one; null for ELECTRA's, where the widths differ.</param>
    public Embeddings(ParameterSet set, string root, EncoderConfig config, string? projectionName = null)
    {
        var prefix = $"{root}embeddings";
        var width = config.EmbeddingSize;
        var word = set.Declare($"{prefix}.word_embeddings.weight", [config.VocabularySize, width], decays: true, hasRowGradient: true);
        word.PaddingRow = config.PaddingId < config.VocabularySize ? config.PaddingId : -1;
        tables = new EmbeddingTables(
            word,
            set.Declare($"{prefix}.position_embeddings.weight", [config.FirstPosition + config.MaxPositions, width], decays: true),
            config.TypeVocabularySize == 0 ? null : set.Declare($"{prefix}.token_type_embeddings.weight", [config.TypeVocabularySize, width], decays: true),
            set.DeclareLayerNorm($"{prefix}.LayerNorm", width, config.LayerNormEpsilon))
        {
            FirstPosition = config.FirstPosition,
        };
        projectionName ??= width == config.HiddenSize ? null : $"{root}embeddings_project";
        projection = projectionName is null ? null : set.DeclareDense(projectionName, [""], width, config.HiddenSize);
        dropout = config.HiddenDropout;
    }

    /// <summary>The tables of another encoder, with a layer of its own to this one's width.</summary>
    public Embeddings(ParameterSet set, string root, EncoderConfig config, Embeddings shared)
    {
        tables = shared.tables;
        projection = config.EmbeddingSize == config.HiddenSize ? null : set.DeclareDense($"{root}embeddings_project", [""], config.EmbeddingSize, config.HiddenSize);
        dropout = config.HiddenDropout;
    }

    public Parameter Word => tables.Word;

    public Parameter Position => tables.Position!;

    public Value Forward(Ops ops, in BatchIndices batch)
    {
        var x = ops.Dropout(ops.Embed(tables, batch), dropout);         // [T, E]
        return projection is null ? x : ops.Linear(x, projection);      // [T, H]
    }
}
