using Beret.Models;
using Beret.Onnx.Graphs;
using Beret.Onnx.Layers;

namespace Beret.Onnx.Families;

/// <summary>BERT, and ELECTRA, RoBERTa and XLM-RoBERTa, whose encoder is BERT's under another prefix (<see cref="Bert"/>, <see cref="Electra"/>, <see cref="Roberta"/>).</summary>
internal static class BertGraph
{
    public static Edge Contextualize(GraphBuilder g, EncoderInputs inputs, EncoderConfig config) => PostNorm.UnderBertNames(g, inputs, config.Family.Prefix, config);
}
