using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Beret.Evaluation;
using Beret.Hub;
using Beret.Numerics;
using Beret.Text;

namespace Beret.Inference;

/// <summary>Model information as text and as JSON.</summary>
internal static class ModelInfoWriter
{
    private const int NameColumn = 18;

    public static string Text(ModelInfo info)
    {
        var text = new StringBuilder();
        Line("path", info.Path);
        Line("kind", info.Kind);
        if (info.Encoder is { } encoder)
        {
            Line("architecture", $"{encoder.Family.ToUpperInvariant()} encoder{(info.Outputs is { } k ? $" with a classifier of {Count(k, "logit")}" : "")}");
            Line("layers", N(encoder.Layers));
            Line("hidden size", N(encoder.HiddenSize) + (encoder.EmbeddingSize == encoder.HiddenSize ? "" : $", embeddings {N(encoder.EmbeddingSize)}"));
            Line("heads", encoder.Heads is { } heads ? $"{N(heads)} of {N(encoder.HiddenSize / heads)}" : "not known");
            Line("feed-forward", N(encoder.IntermediateSize) + (encoder.Activation is { } activation ? $", {activation}" : ""));
            Line("vocabulary", $"{N(encoder.VocabularySize)} tokens, {N(encoder.MaxPositions)} positions, {N(encoder.TypeVocabularySize)} types");
            Line("parameters", $"{N(info.EncoderParameters + info.ClassifierParameters)}"
                + (info.ClassifierParameters > 0 ? $" (encoder {N(info.EncoderParameters)}, classifier {N(info.ClassifierParameters)})" : ""));
        }

        var checkpoint = info.Checkpoint;
        Line("weights", checkpoint.Path);
        Line("size", $"{Size(checkpoint.Bytes)} in {Count(checkpoint.Tensors, "tensor")} with {Count(checkpoint.Elements, "element")}: "
            + string.Join(", ", checkpoint.Types.Select(type => $"{type.Key} {Size(type.Value)}")));
        if (info.Tokenizer is { } tokenizer)
        {
            Line("tokenizer", $"{tokenizer.Kind}, flavour {tokenizer.Flavour.Format()}, {(tokenizer.LowerCase ? "uncased" : "cased")}, {N(tokenizer.VocabularySize)} tokens"
                + (tokenizer.ModelMaxLength is { } longest ? $", at most {N(longest)} a text" : ""));
        }

        if (info.Description is { } description)
        {
            Line("task", description.Task);
            Line("labels", string.Join(", ", description.Labels.Take(20)) + (description.Labels.Count > 20 ? $", … ({N(description.Labels.Count)} in all)" : ""));
            Line("texts", $"{N(description.MaxLength)} tokens {(description.Truncation == Truncation.Windows ? "at once" : "at most")}, {description.OfLongTexts}");
            Line("base model", description.BaseModel);
            Line("teacher", description.Teacher);
            Line("data", description.DataOrigin);
            Line("data SHA-256", description.DataFingerprint);
            Line("checksums", description.Checksums.Count > 0 ? $"{N(description.Checksums.Count)} files verified" : null);
        }

        if (info.Cost is { } cost)
        {
            Line("memory", $"{Size(cost.Bytes)} to predict a text of {N(cost.Length)} tokens: weights {Size(cost.WeightBytes)}, "
                + $"packed {Size(cost.PackedBytes)}, activations {Size(cost.WorkingBytes)}");
            Line("work", $"{Work(cost.FlopsPerToken)} a token at {N(cost.Length)} tokens, {Work(3 * cost.FlopsPerToken)} in training");
        }

        foreach (var note in info.Notes)
        {
            Line("note", note);
        }

        return text.ToString();

        void Line(string name, string? value)
        {
            if (value is not null)
            {
                text.Append(name).Append(' ', NameColumn - name.Length).Append(TextTable.Printable(value)).Append('\n');
            }
        }
    }

    public static string Json(ModelInfo info)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("path", info.Path);
            json.WriteString("kind", info.Kind);
            WriteArchitecture(json, info);
            WriteCheckpoint(json, info.Checkpoint);
            WriteTokenizer(json, info.Tokenizer);
            WriteDescription(json, info.Description);
            WriteCost(json, info.Cost);
            json.WriteStartArray("notes");
            foreach (var note in info.Notes)
            {
                json.WriteStringValue(note);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    private static void WriteArchitecture(Utf8JsonWriter json, ModelInfo info)
    {
        if (info.Encoder is not { } encoder)
        {
            json.WriteNull("architecture");
            return;
        }

        json.WriteStartObject("architecture");
        json.WriteString("family", encoder.Family);
        json.WriteNumber("layers", encoder.Layers);
        json.WriteNumber("hidden_size", encoder.HiddenSize);
        WriteOptional(json, "heads", encoder.Heads);
        json.WriteNumber("intermediate_size", encoder.IntermediateSize);
        json.WriteNumber("embedding_size", encoder.EmbeddingSize);
        json.WriteNumber("vocabulary_size", encoder.VocabularySize);
        json.WriteNumber("max_positions", encoder.MaxPositions);
        json.WriteNumber("type_vocabulary_size", encoder.TypeVocabularySize);
        json.WriteString("activation", encoder.Activation);
        WriteOptional(json, "outputs", info.Outputs);
        json.WriteNumber("parameters", info.EncoderParameters + info.ClassifierParameters);
        json.WriteNumber("encoder_parameters", info.EncoderParameters);
        json.WriteNumber("classifier_parameters", info.ClassifierParameters);
        json.WriteEndObject();
    }

    private static void WriteCheckpoint(Utf8JsonWriter json, CheckpointSummary checkpoint)
    {
        json.WriteStartObject("checkpoint");
        json.WriteString("path", checkpoint.Path);
        json.WriteNumber("tensors", checkpoint.Tensors);
        json.WriteNumber("elements", checkpoint.Elements);
        json.WriteNumber("bytes", checkpoint.Bytes);
        json.WriteStartObject("bytes_by_type");
        foreach (var (type, bytes) in checkpoint.Types)
        {
            json.WriteNumber(type, bytes);
        }

        json.WriteEndObject();
        json.WriteNumber("not_finite", checkpoint.NotFinite);
        json.WriteEndObject();
    }

    private static void WriteTokenizer(Utf8JsonWriter json, Tokenizer? tokenizer)
    {
        if (tokenizer is null)
        {
            json.WriteNull("tokenizer");
            return;
        }

        json.WriteStartObject("tokenizer");
        json.WriteString("kind", tokenizer.Kind.ToLowerInvariant());
        json.WriteString("flavour", tokenizer.Flavour.Format());
        json.WriteBoolean("lower_case", tokenizer.LowerCase);
        json.WriteNumber("vocabulary_size", tokenizer.VocabularySize);
        WriteOptional(json, "model_max_length", tokenizer.ModelMaxLength);
        json.WriteEndObject();
    }

    private static void WriteDescription(Utf8JsonWriter json, ModelDescription? description)
    {
        if (description is null)
        {
            json.WriteNull("task");
            return;
        }

        json.WriteString("task", description.Task);
        json.WriteStartArray("labels");
        foreach (var label in description.Labels)
        {
            json.WriteStringValue(label);
        }

        json.WriteEndArray();
        json.WriteNumber("max_length", description.MaxLength);
        json.WriteString("truncation", description.Truncation.Format());
        if (description.Truncation == Truncation.Windows)
        {
            json.WriteNumber("window_overlap", description.EncodeOptions.Overlap);
            json.WriteString("window_pooling", description.WindowPooling.Format());
        }

        json.WriteString("base_model", description.BaseModel);
        json.WriteString("base_source", description.BaseSource switch { null => null, ModelSource.TensorFlow => "tensorflow", _ => "hugging_face" });
        json.WriteString("teacher", description.Teacher);
        json.WriteString("data_origin", description.DataOrigin);
        json.WriteString("data_sha256", description.DataFingerprint);
        if (description.Recipe is { } recipe)
        {
            json.WritePropertyName("recipe");
            recipe.WriteTo(json);
        }
    }

    private static void WriteCost(Utf8JsonWriter json, ModelCost? cost)
    {
        if (cost is null)
        {
            json.WriteNull("memory");
            json.WriteNull("flops_per_token");
            return;
        }

        json.WriteStartObject("memory");
        json.WriteNumber("tokens", cost.Length);
        json.WriteNumber("bytes", cost.Bytes);
        json.WriteNumber("weights", cost.WeightBytes);
        json.WriteNumber("packed", cost.PackedBytes);
        json.WriteNumber("activations", cost.WorkingBytes);
        json.WriteEndObject();
        json.WriteNumber("flops_per_token", cost.FlopsPerToken);
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    private static string N(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Count(long number, string what) => $"{N(number)} {what}{(number == 1 ? "" : "s")}";

    private static string Work(double flops) => flops < 1e6
        ? string.Create(CultureInfo.InvariantCulture, $"{flops / 1e3:0.0} kFLOP")
        : string.Create(CultureInfo.InvariantCulture, $"{flops / 1e6:0.0} MFLOP");

    private static string Size(long bytes) => bytes switch
    {
        < 10_000 => $"{N(bytes)} bytes",
        < 10L << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.0} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024.0 * 1024):0.0} MiB"),
    };
}
