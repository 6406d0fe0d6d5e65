using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Beret.Checkpoints;
using Beret.Inference;
using Beret.Models;

namespace Beret.Onnx;

/// <summary>Writes a classifier as a folder that the pipelines of Hugging Face load: those of transformers in Python, and those of transformers.js, which run the ONNX model.</summary>
public static class HuggingFaceExport
{
    private const string Folder = "onnx";
    private const string TokenizerConfig = "tokenizer_config.json";

    /// <summary>
    /// Writes config.json with id2label and label2id, model.safetensors, the tokenizer's files with the model's maximum length, and onnx/model.onnx (model_fp16.onnx, model_int8.onnx),
    /// all of it or nothing. A binary model gets two logits, 0 and its own, whose softmax is the same: so that both classes have their label.
    /// </summary>
    /// <param name="source">A classifier, as <see cref="Classifier.Load"/> takes it.</param>
    /// <param name="destination">The folder to write; it must not exist, or be empty.</param>
    /// <param name="options">Of the ONNX model; null for fp32 and opset 17.</param>
    /// <exception cref="BeretException">The source is no classifier, has no counterpart there, or the folder cannot be written.</exception>
    public static OnnxExportSummary Write(string source, string destination, OnnxExportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        options ??= new OnnxExportOptions();
        options.Validate();
        if (options.WithTokenizer)
        {
            throw new OnnxException("the pipelines of Hugging Face tokenize by themselves; a graph that takes texts is for --format onnx");
        }

        ModelConversion.RequireEmpty(destination);
        using var exported = ExportedModel.Load(source, asClasses: true);
        if (exported.Config.Family == TalkingHeads.Family)
        {
            throw new OnnxException("Hugging Face has no talking-heads models; export it with --format onnx");
        }

        OnnxExportSummary? summary = null;
        var isComplete = false;
        AtomicFolder.Write(destination, folder =>
        {
            isComplete = exported.Tokenizer.SaveComplete(folder);

            // Pipelines cut texts there.
            Change(Path.Combine(folder, TokenizerConfig), config => config["model_max_length"] = exported.Description.MaxLength);
            using (var config = File.Create(Path.Combine(folder, HuggingFaceConfig.FileName)))
            {
                HuggingFaceConfig.Write(config, exported.Config, exported.Description);
            }

            ModelFolder.WriteWeights(Path.Combine(folder, ModelFolder.Weights), exported.Model.Parameters);
            summary = OnnxExport.Write(exported, Path.Combine(folder, Folder, FileOf(options.Precision)), options);
            if (summary.DataFile is not null)
            {
                // transformers.js fetches a model's second file where it is told of it.
                Change(Path.Combine(folder, HuggingFaceConfig.FileName), config =>
                    config["transformers.js_config"] = new JsonObject { ["use_external_data_format"] = new JsonObject { [Path.GetFileName(summary.File)] = 1 } });
            }
        });
        return summary! with
        {
            File = Path.Combine(destination, Folder, Path.GetFileName(summary.File)),
            DataFile = summary.DataFile is { } data ? Path.Combine(destination, Folder, Path.GetFileName(data)) : null,
            Notes = [.. summary.Notes, .. ExportNotes.OfPipelines(exported, isComplete)],
        };
    }

    /// <summary>The name by which transformers.js asks for a precision (its dtype).</summary>
    private static string FileOf(OnnxPrecision precision) => precision == OnnxPrecision.Float32 ? "model.onnx" : $"model_{precision.Format()}.onnx";

    private static void Change(string path, Action<JsonObject> change)
    {
        var content = JsonNode.Parse(File.ReadAllBytes(path))!.AsObject();
        change(content);
        using var stream = File.Create(path);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        content.WriteTo(json);
    }
}
