using System.Text.Json;
using Beret.Hub;
using Beret.Models;
using Beret.Tasks;

namespace Beret.Inference;

/// <summary>Writes the config.json that Hugging Face transformers needs to load the folder as a classifier of its family.</summary>
internal static class HuggingFaceConfig
{
    public const string FileName = "config.json";

    /// <summary>
    /// A key of Beret's own, which others pass over: whose definition a folder without beret.json follows, where it is not Hugging Face's. It decides the tokenization.
    /// </summary>
    public const string SourceKey = "beret_source";

    /// <summary>What <see cref="SourceKey"/> is for a model of TensorFlow.</summary>
    public const string TensorFlowSource = "tensorflow";

    /// <summary>
    /// Writes the configuration of a classifier with a beret.json. A binary model has one logit, so its only label there is the positive class, and its problem type is
    /// multi-label: the one by which transformers applies the sigmoid to the logit and binary cross-entropy in training. (One label and no problem type would be a
    /// regression, as transformers takes it.)
    /// </summary>
    public static void Write(Stream stream, EncoderConfig config, ModelDescription description) => Write(
        stream,
        config with
        {
            ProblemType = description.Task switch
            {
                TaskNames.MultiClass => "single_label_classification",
                TaskNames.Regression => "regression",
                _ => "multi_label_classification",
            },
            Labels = description.Task == TaskNames.Binary ? [description.Labels[1]] : description.Labels,
        },
        ModelSource.HuggingFace);

    /// <summary>Writes a configuration as it is.</summary>
    /// <param name="stream">Receives the JSON.</param>
    /// <param name="config">With labels and problem type, where it has any.</param>
    /// <param name="source">Whose definition the model follows, unless a beret.json says it.</param>
    /// <param name="architecture">The class of transformers that loads it; null for the family's classifier.</param>
    public static void Write(Stream stream, EncoderConfig config, ModelSource source, string? architecture = null)
    {
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartArray("architectures");
            json.WriteStringValue(architecture ?? config.Family.Architecture);
            json.WriteEndArray();
            json.WriteString("model_type", config.Family.ModelType);
            config.Family.Write(json, config);
            if (config.Pooling != Pooling.Pooler)
            {
                json.WriteString(PoolingNames.Key, config.Pooling.Format());
            }

            json.WriteNumber("initializer_range", config.InitializerRange);
            json.WriteString("torch_dtype", "float32");
            if (config.ProblemType is { } problem)
            {
                json.WriteString("problem_type", problem);
            }

            if (config.Labels is { } labels)
            {
                WriteLabels(json, labels);
            }

            if (source == ModelSource.TensorFlow)
            {
                json.WriteString(SourceKey, TensorFlowSource);
            }

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
