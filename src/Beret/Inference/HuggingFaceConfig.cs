using System.Text.Json;
using Beret.Models;
using Beret.Tasks;

namespace Beret.Inference;

/// <summary>Writes the config.json that Hugging Face transformers needs to load the folder as a classifier of its family.</summary>
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
            json.WriteStringValue(config.Family.Architecture);
            json.WriteEndArray();
            json.WriteString("model_type", config.Family.ModelType);
            config.Family.Write(json, config);
            json.WriteNumber("initializer_range", config.InitializerRange);
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
}
