using System.Text.Json;
using Beret.Inference;
using Beret.Models;
using Beret.Onnx.Families;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;
using Beret.Text;
using global::Onnx;
using DataType = Onnx.TensorProto.Types.DataType;

namespace Beret.Onnx;

/// <summary>A classifier as an ONNX model: tokens (or a text) in, logits out, and what a caller has to know of it beside them.</summary>
internal static class ClassifierGraph
{
    private const string Prefix = "beret.";

    /// <summary>Writes the graph down; its weights are read when the file is written.</summary>
    public static (ModelProto Model, IReadOnlyList<StoredTensor> Tensors) Build(ExportedModel exported, OnnxExportOptions options)
    {
        var config = exported.Config;
        var g = new GraphBuilder(new ModelWeights(exported.Model.Parameters), options.Precision, options.Opset) { BatchSize = options.WithTokenizer ? "1" : "batch" };
        var inputs = options.WithTokenizer ? TextInput.Declare(g, exported) : EncoderInputs.Declare(g, config);
        var sequence = EncoderGraph.Contextualize(g, inputs, config);                           // [B, L, H]
        var logits = HeadLayer.Logits(g, EncoderGraph.Pool(g, sequence, inputs, config), config);    // [B, K]
        g.Output("logits", g.Number == DataType.Float ? logits : g.Cast(logits, DataType.Float), DataType.Float, g.BatchSize, $"{exported.Model.Outputs}");
        var model = new ModelProto
        {
            IrVersion = IrVersion(options.Opset),
            ProducerName = "Beret",
            ProducerVersion = ModelDescription.ThisVersion,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = options.Opset } },
            Graph = g.Graph,
            MetadataProps = { Metadata(exported.Description, config, options.Precision).Select(pair => new StringStringEntryProto { Key = $"{Prefix}{pair.Key}", Value = pair.Value }) },
        };
        if (options.WithTokenizer)
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = TextInput.Domain, Version = 1 });
        }

        return (model, g.Tensors);
    }

    /// <summary>The version of the file format that an opset came with.</summary>
    private static long IrVersion(int opset) => opset switch
    {
        <= 18 => 8,
        <= 20 => 9,
        _ => 10,
    };

    /// <summary>What the model decides, and how its texts are to be tokenized.</summary>
    private static IEnumerable<(string Key, string Value)> Metadata(ModelDescription description, EncoderConfig config, OnnxPrecision precision)
    {
        yield return ("architecture", config.Family.ModelType);
        yield return ("precision", precision.Format());
        yield return ("task", description.Task);
        yield return ("labels", Json(description.Labels));
        yield return ("tokenizer.flavour", description.Flavour.Format());
        yield return ("tokenizer.max_length", Invariant($"{description.MaxLength}"));
        yield return ("tokenizer.truncation", description.Truncation.Format());
        if (description.Truncation == Truncation.Windows)
        {
            yield return ("tokenizer.window_overlap", Invariant($"{description.EncodeOptions.Overlap}"));
            yield return ("tokenizer.window_pooling", Numerics.WindowPoolings.Format(description.WindowPooling));
        }

        yield return ("tokenizer.pair_truncation", description.PairTruncation.Format());
        yield return ("tokenizer.padding_id", Invariant($"{Math.Max(0, config.PaddingId)}"));
    }

    private static string Json(IReadOnlyList<string> labels)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartArray();
            foreach (var label in labels)
            {
                json.WriteStringValue(label);
            }

            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
