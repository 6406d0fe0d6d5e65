using System.Text.Json.Nodes;
using Beret.Onnx.Checks;
using Beret.Tasks;
using Beret.Text;

namespace Beret.Onnx;

/// <summary>Holds an exported folder to what Beret answers: in a text-classification pipeline of npm's @huggingface/transformers, where that is there.</summary>
public static class PipelineCheck
{
    /// <summary>Compares the scores of all labels on texts of several lengths. The pipeline tokenizes by itself.</summary>
    /// <param name="source">The classifier that was exported.</param>
    /// <param name="folder">What was written.</param>
    /// <param name="precision">What the ONNX model was written in.</param>
    /// <param name="modules">A folder with node_modules; null for the one that BERET_NODE_MODULES names, or the working directory.</param>
    /// <exception cref="BeretException">The pipeline cannot be made of the folder.</exception>
    public static ExportCheck Run(string source, string folder, OnnxPrecision precision, string? modules = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (NodeRuntime.Find(NodeRuntime.Transformers, modules, out var reason) is not { } runtime)
        {
            return ExportCheck.None(reason);
        }

        if (!File.Exists(Path.Combine(folder, "tokenizer.json")))
        {
            return ExportCheck.None("the folder has no tokenizer.json, which transformers.js reads texts with");
        }

        using var classifier = CheckTexts.Open(source, precision);
        if (classifier.Task == TaskNames.Regression)
        {
            return ExportCheck.None("a pipeline has no answer for a regression");
        }

        // A pipeline keeps the head of a longer text.
        string[] texts = [.. CheckTexts.Short, .. classifier.Truncation == Truncation.Head ? CheckTexts.Long : []];
        var answer = runtime.Ask(new JsonObject
        {
            ["folder"] = Path.GetFullPath(folder),
            ["dtype"] = precision.Format(),
            ["texts"] = new JsonArray([.. texts.Select(text => (JsonNode)text)]),
        });
        var largest = 0.0;
        foreach (var (prediction, labels) in classifier.Predict(texts).Zip(answer.GetProperty("answers").EnumerateArray()))
        {
            var scores = labels.EnumerateArray().ToDictionary(pair => pair.GetProperty("label").GetString()!, pair => pair.GetProperty("score").GetDouble(), StringComparer.Ordinal);
            foreach (var (label, probability) in classifier.Labels.Zip(prediction.Probabilities))
            {
                largest = Math.Max(largest, scores.TryGetValue(label, out var score) && double.IsFinite(score) ? Math.Abs(score - probability) : double.PositiveInfinity);
            }
        }

        return new ExportCheck(answer.GetProperty("by").GetString(), "", texts.Length, largest, precision switch
        {
            OnnxPrecision.Float16 => 0.01,
            OnnxPrecision.Int8 => 0.1,
            _ => 1e-4,
        });
    }
}
