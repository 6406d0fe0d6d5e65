using System.Text.Json;
using Beret.Models;
using Beret.Numerics;
using Beret.Tasks;

namespace Beret.Inference;

/// <summary>Writes the config.json that Hugging Face transformers needs to load the folder as a BertForSequenceClassification.</summary>
internal static class HuggingFaceConfig
{
    public const string FileName = "config.json";

    /// <summary>
    /// A binary model has one logit, so its only label there is the positive class, and its problem type is multi-label: the one by which transformers
    /// applies the sigmoid to the logit and binary cross-entropy in training. (One label and no problem type would be a regression.)
    /// </summary>
    public static void Write(Stream stream, EncoderConfig config, ModelDescription description)
    {
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartArray("architectures");
            json.WriteStringValue("BertForSequenceClassification");
            json.WriteEndArray();
            json.WriteString("model_type", config.ModelType);
            json.WriteNumber("vocab_size", config.VocabularySize);
            json.WriteNumber("hidden_size", config.HiddenSize);
            json.WriteNumber("num_hidden_layers", config.Layers);
            json.WriteNumber("num_attention_heads", config.Heads);
            json.WriteNumber("intermediate_size", config.IntermediateSize);
            json.WriteNumber("max_position_embeddings", config.MaxPositions);
            json.WriteNumber("type_vocab_size", config.TypeVocabularySize);
            if (config.EmbeddingSize != config.HiddenSize)
            {
                json.WriteNumber("embedding_size", config.EmbeddingSize);
            }

            json.WriteString("hidden_act", NameOf(config.Activation));
            json.WriteNumber("layer_norm_eps", config.LayerNormEpsilon);
            json.WriteNumber("hidden_dropout_prob", config.HiddenDropout);
            json.WriteNumber("attention_probs_dropout_prob", config.AttentionDropout);
            json.WriteNumber("classifier_dropout", config.ClassifierDropout);
            json.WriteNumber("initializer_range", config.InitializerRange);
            if (config.PaddingId >= 0)
            {
                json.WriteNumber("pad_token_id", config.PaddingId);
            }

            json.WriteString("position_embedding_type", "absolute");
            json.WriteString("torch_dtype", "float32");
            json.WriteString("problem_type", description.Task == TaskNames.MultiClass ? "single_label_classification" : "multi_label_classification");
            WriteLabels(json, description.Task == TaskNames.Binary ? [description.Labels[1]] : description.Labels);
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
    }

    private static void WriteLabels(Utf8JsonWriter json, IReadOnlyList<string> labels)
    {
        json.WriteNumber("num_labels", labels.Count);
        json.WriteStartObject("id2label");
        for (var i = 0; i < labels.Count; i++)
        {
            json.WriteString(i.ToString(System.Globalization.CultureInfo.InvariantCulture), labels[i]);
        }

        json.WriteEndObject();
        json.WriteStartObject("label2id");
        for (var i = 0; i < labels.Count; i++)
        {
            json.WriteNumber(labels[i], i);
        }

        json.WriteEndObject();
    }

    private static string NameOf(Activation activation) => activation switch
    {
        Activation.Gelu => "gelu",
        Activation.GeluTanh => "gelu_new",
        Activation.Relu => "relu",
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "no encoder has this activation"),
    };
}
