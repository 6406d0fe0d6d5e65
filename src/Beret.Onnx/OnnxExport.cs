using Beret.Models;
using Beret.Onnx.Graphs;

namespace Beret.Onnx;

/// <summary>What an export wrote.</summary>
/// <param name="File">The ONNX model.</param>
/// <param name="DataFile">The file with its weights, where there are too many for one file; else null.</param>
/// <param name="Bytes">Of both.</param>
/// <param name="Family">The architecture, as config.json names it.</param>
/// <param name="Parameters">The number of weights.</param>
/// <param name="Inputs">The names of the graph's inputs.</param>
/// <param name="Nodes">The operations of the graph.</param>
/// <param name="Notes">What a user should know of it.</param>
public sealed record OnnxExportSummary(
    string File, string? DataFile, long Bytes, string Family, long Parameters, IReadOnlyList<string> Inputs, int Nodes, IReadOnlyList<string> Notes);

/// <summary>Writes a classifier as an ONNX model.</summary>
public static class OnnxExport
{
    /// <summary>
    /// Writes a model of any format: inputs <c>input_ids</c>, <c>attention_mask</c> and, where the model tells segments apart, <c>token_type_ids</c>, all int64 [batch, length]; output
    /// <c>logits</c>, float [batch, K]. Texts of a batch are filled up on the right; the mask, 1 for tokens and 0 for padding, keeps the padding out of every logit.
    /// </summary>
    /// <param name="source">A classifier, as <see cref="Inference.Classifier.Load"/> takes it.</param>
    /// <param name="file">The file to write; an old one is replaced when the new one is complete.</param>
    /// <param name="options">Precision and opset; null for fp32 and 17.</param>
    /// <exception cref="BeretException">The source is no classifier, cannot be exported as asked, or the file cannot be written.</exception>
    public static OnnxExportSummary Write(string source, string file, OnnxExportOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(file);
        options ??= new OnnxExportOptions();
        options.Validate();
        using var exported = ExportedModel.Load(source, asClasses: false);
        return Write(exported, file, options);
    }

    internal static OnnxExportSummary Write(ExportedModel exported, string file, OnnxExportOptions options)
    {
        var (model, tensors) = ClassifierGraph.Build(exported, options);
        var hasData = OnnxFile.Write(file, model, tensors, options.MostInside);
        var data = hasData ? OnnxFile.DataFileOf(file) : null;
        return new OnnxExportSummary(
            file, data, new FileInfo(file).Length + (data is null ? 0 : new FileInfo(data).Length), exported.Config.Family.ModelType, exported.Model.Parameters.Count,
            [.. model.Graph.Input.Select(input => input.Name)], model.Graph.Node.Count, ExportNotes.Of(exported, options));
    }
}
