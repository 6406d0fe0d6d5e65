using System.Text.Json;

namespace Beret.Models;

/// <summary>The keys of BERT's config.json, which most families after it took over.</summary>
internal static class BertKeys
{
    /// <param name="embeddingSize">The width of the tables where the file does not say; null for the hidden size.</param>
    /// <param name="hasTypes">Whether the family may have token types.</param>
    /// <param name="firstPosition">The row of the position table that belongs to position 0.</param>
    /// <param name="paddingId">The padding token where the file does not say.</param>
    public static EncoderConfig Read(
        ConfigFields fields, EncoderFamily family, int? embeddingSize = null, bool hasTypes = true, int firstPosition = 0, int paddingId = 0)
    {
        fields.Require("position_embedding_type", "absolute");
        var hidden = fields.Size("hidden_size");
        var dropout = fields.Rate("hidden_dropout_prob") ?? 0.1;
        return new EncoderConfig
        {
            Family = family,
            VocabularySize = fields.Size("vocab_size"),
            HiddenSize = hidden,
            Layers = fields.Size("num_hidden_layers"),
            Heads = fields.Heads("num_attention_heads", "hidden_size"),
            IntermediateSize = fields.Size("intermediate_size"),
            FirstPosition = firstPosition,
            MaxPositions = fields.Size("max_position_embeddings", firstPosition + 1) - firstPosition,
            TypeVocabularySize = hasTypes ? fields.Size("type_vocab_size") : 0,
            EmbeddingSize = fields.Has("embedding_size") ? fields.Size("embedding_size") : embeddingSize ?? hidden,
            Activation = fields.Activation("hidden_act"),
            LayerNormEpsilon = (float)(fields.Rate("layer_norm_eps") ?? 1e-12),
            HiddenDropout = dropout,
            AttentionDropout = fields.Rate("attention_probs_dropout_prob") ?? 0.1,
            ClassifierDropout = fields.Rate("classifier_dropout") ?? dropout,
            PaddingId = fields.PaddingId(paddingId),
        };
    }

    public static void Write(Utf8JsonWriter json, EncoderConfig config) => Write(json, config, "classifier_dropout");

    /// <param name="classifierDropout">The key of the rate before the classifier.</param>
    public static void Write(Utf8JsonWriter json, EncoderConfig config, string classifierDropout)
    {
        json.WriteNumber("vocab_size", config.VocabularySize);
        json.WriteNumber("embedding_size", config.EmbeddingSize);
        json.WriteNumber("hidden_size", config.HiddenSize);
        json.WriteNumber("num_hidden_layers", config.Layers);
        json.WriteNumber("num_attention_heads", config.Heads);
        json.WriteNumber("intermediate_size", config.IntermediateSize);
        json.WriteNumber("max_position_embeddings", config.FirstPosition + config.MaxPositions);
        if (config.TypeVocabularySize > 0)
        {
            json.WriteNumber("type_vocab_size", config.TypeVocabularySize);
        }

        json.WriteString("hidden_act", ConfigFields.NameOf(config.Activation));
        json.WriteNumber("layer_norm_eps", config.LayerNormEpsilon);
        json.WriteNumber("hidden_dropout_prob", config.HiddenDropout);
        json.WriteNumber("attention_probs_dropout_prob", config.AttentionDropout);
        json.WriteNumber(classifierDropout, config.ClassifierDropout);
        json.WriteString("position_embedding_type", "absolute");
        ConfigFields.WritePaddingId(json, config.PaddingId);
    }
}
